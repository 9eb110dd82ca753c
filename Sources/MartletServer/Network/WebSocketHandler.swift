/// One connection in WebSocket (RFC 6455): frames in, messages to a session; messages of the session out.

#if Server
    import MartletJSON
    import NIOCore
    import NIOWebSocket

    /// Who puts messages on the wire, on its event loop.
    protocol MessageWriter: AnyObject {
        /// Sends a message, whose bytes are counted as unsent.
        func write(_ bytes: [UInt8])
        /// A message of the client, of so many bytes, was dealt with.
        func noteTaken(_ count: Int)
        /// Closes the connection with a reason.
        func close(_ code: WebSocketErrorCode)
    }

    /// The way back to a session's client.
    extension ConnectionSink: MessageLine where Writer == any MessageWriter {
        func send(_ message: JSONValue) async throws(WireError) {
            let bytes = message.serialized()
            try await send(bytes.count) { $0.write(bytes) }
        }

        /// A message of the client, of so many bytes, was dealt with.
        func noteTaken(_ count: Int) { tell { $0.noteTaken(count) } }

        /// Closes the connection because the server ends.
        func leave() { tell { $0.close(.goingAway) } }
    }

    /// What the standard demands of every frame, fragments included.
    final class FrameRules: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        typealias InboundOut = WebSocketFrame

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            // A client masks what it sends, and no extension was agreed on.
            guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
                return context.fireErrorCaught(WebSocketBreach.unmasked)
            }
            context.fireChannelRead(data)
        }
    }

    /// A frame that the standard forbids.
    enum WebSocketBreach: Error { case unmasked }

    /// Messages of a client that its session has not dealt with.
    package struct MessageBacklog {
        /// Messages that may wait before nothing more is read.
        private static let mostMessages = 32

        private let mostBytes: Int
        private var messages = 0
        private var bytes = 0

        /// None, of which so many bytes may wait before nothing more is read.
        package init(mostBytes: Int) { self.mostBytes = mostBytes }

        /// Whether nothing more is read for now. Messages are dealt with meanwhile, so that it ends.
        package var isFull: Bool { messages > Self.mostMessages || bytes > mostBytes }

        /// A message of so many bytes has come.
        package mutating func add(_ count: Int) {
            messages += 1
            bytes += count
        }

        /// A message of so many bytes was dealt with.
        package mutating func remove(_ count: Int) {
            messages -= 1
            bytes -= count
        }
    }

    /// Hands messages to a session one after another. It lives on the event loop.
    final class WebSocketHandler: ChannelDuplexHandler {
        typealias InboundIn = WebSocketFrame
        typealias OutboundIn = WebSocketFrame
        typealias OutboundOut = WebSocketFrame

        private let server: Server
        private let opening: ServerRequest
        private let admission: Admission
        private let watch: ConnectionWatch
        private let outlet = Outlet()
        private var context: ChannelHandlerContext?
        /// The session and its line, which hold this handler: none once the connection has ended.
        private var session: LiveSession?
        private var line: ConnectionSink<any MessageWriter>?
        private var messages: AsyncStream<[UInt8]>.Continuation?
        private var backlog: MessageBacklog
        private var hasHeldRead = false
        private var isClosing = false

        init(
            _ server: Server, opening: ServerRequest, _ admission: Admission,
            _ watch: ConnectionWatch
        ) {
            self.server = server
            self.opening = opening
            self.admission = admission
            self.watch = watch
            backlog = MessageBacklog(mostBytes: server.service.configuration.bodyLimit)
        }

        func handlerAdded(context: ChannelHandlerContext) {
            self.context = context
            watch.use = self
            watch.progress = .unframed
            let line = ConnectionSink<any MessageWriter>(self, on: context.eventLoop, outlet)
            let session = LiveSession(server, opening: opening, admission, line: line)
            let (stream, messages) = AsyncStream.makeStream(of: [UInt8].self)
            (self.line, self.session, self.messages) = (line, session, messages)
            Task { [service = server.service, tenant = admission.tenant] in
                await session.begin()
                for await message in stream {
                    await session.take(message)
                    line.noteTaken(message.count)
                }
                await session.end()
                service.sessions.leave(tenant)
            }
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            self.context = nil
            finish()
        }

        func channelInactive(context: ChannelHandlerContext) {
            finish()
            context.fireChannelInactive()
        }

        private func finish() {
            outlet.close()
            messages?.finish()
            // The task holds the session until it has ended it.
            (messages, session, line) = (nil, nil, nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if isClosing { return }
            var frame = unwrapInboundIn(data)
            switch frame.opcode {
            case .text:
                let bytes = Array(frame.unmaskedData.readableBytesView)
                guard String(validating: bytes, as: UTF8.self) != nil else {
                    return close(.dataInconsistentWithMessage)
                }
                backlog.add(bytes.count)
                messages?.yield(bytes)
            case .ping:
                frame = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
                context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
            case .pong: break
            case .connectionClose:
                var data = frame.unmaskedData
                let code = data.readWebSocketErrorCode()
                close(code ?? .normalClosure)
            // Messages are JSON, which is text.
            case .binary: close(.unacceptableData)
            default: close(.protocolError)
            }
        }

        func read(context: ChannelHandlerContext) {
            if backlog.isFull { hasHeldRead = true } else { context.read() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            switch error {
            // Those are answered by a handler before this one.
            case is NIOWebSocketError: isClosing = true
            case NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
                NIOWebSocketFrameAggregator.Error.tooManyFragments:
                close(.messageTooLarge)
            case is NIOWebSocketFrameAggregator.Error, is WebSocketBreach: close(.protocolError)
            default: context.close(promise: nil)
            }
        }
    }

    extension WebSocketHandler: MessageWriter {
        func write(_ bytes: [UInt8]) {
            guard let context, !isClosing else { return outlet.remove(bytes.count) }
            let sent = context.eventLoop.makePromise(of: Void.self)
            sent.futureResult.whenComplete { [outlet] _ in outlet.remove(bytes.count) }
            let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: bytes))
            context.writeAndFlush(wrapOutboundOut(frame), promise: sent)
        }

        func noteTaken(_ count: Int) {
            backlog.remove(count)
            guard hasHeldRead, !backlog.isFull else { return }
            hasHeldRead = false
            context?.read()
        }

        func close(_ code: WebSocketErrorCode) {
            guard let context, !isClosing else { return }
            isClosing = true
            var data = ByteBuffer()
            data.write(webSocketErrorCode: code)
            let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(frame)).whenComplete { _ in
                bound.value.close(promise: nil)
            }
        }
    }

    extension WebSocketHandler: ConnectionUse {
        var isBusy: Bool { false }

        func askWhetherAlive() -> Bool {
            guard let context, !isClosing else { return false }
            let ping = WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer())
            context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
            return true
        }

        func end() {
            guard let session, let line else { return }
            Task {
                await session.drain()
                line.leave()
            }
        }
    }
#endif
