/// One connection in HTTP/1.1: parts of requests in, parts of answers out.

#if Server
    import MartletJSON
    import NIOCore
    import NIOHTTP1
    import NIOWebSocket

    /// Judges a request when its headers are there, reads its body, and sends its answer. It lives on the event loop.
    final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        /// What is done with the body that comes.
        private enum Reading {
            /// None comes.
            case nothing
            case body(Incoming)
            /// The request is refused, or its end is not worth waiting for.
            case dropping
        }

        private struct Incoming {
            var request: ServerRequest
            let admission: Admission
            let version: HTTPVersion
        }

        private struct Answer {
            let version: HTTPVersion
            /// Whether the client wants to be told more than the headers.
            let hasBody: Bool
            var task: Task<Void, Never>?
            var hasBegun = false
        }

        /// The largest rest of a refused request that is read, so that the connection can be kept.
        private static let mostDropped = 64 << 10

        private let server: Server
        private let watch: ConnectionWatch
        private let limits: ConnectionLimits
        private let outlet = Outlet()
        private var context: ChannelHandlerContext?
        private var reading = Reading.nothing
        private var answer: Answer?
        /// What was found of the request that comes next, where it asked for another protocol and is answered in this one.
        var judged: Admission?
        /// Whether another request may follow.
        private var keepsConnection = true
        /// Whether all was answered: what comes is dropped.
        private var isOver = false

        init(_ server: Server, _ watch: ConnectionWatch, _ limits: ConnectionLimits) {
            self.server = server
            self.watch = watch
            self.limits = limits
        }

        func handlerAdded(context: ChannelHandlerContext) {
            self.context = context
            watch.use = self
        }

        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        func channelInactive(context: ChannelHandlerContext) {
            outlet.close()
            answer?.task?.cancel()
            reading = .nothing
            context.fireChannelInactive()
        }

        // MARK: In

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if isOver { return }
            switch unwrapInboundIn(data) {
            case .head(let head): read(head)
            case .body(let part): read(part)
            case .end: readEnd()
            }
        }

        private func read(_ head: HTTPRequestHead) {
            watch.progress = .body
            let framing: RequestFraming
            do { framing = try RequestFraming(head) } catch {
                return refuse(status: 400, error.text)
            }
            if !head.isKeepAlive { keepsConnection = false }
            let request = ServerRequest(
                head.method.rawValue, head.uri,
                headers: head.headers.map { (name: $0.name, value: $0.value) })
            let admission = judged ?? server.admit(request)
            judged = nil
            let incoming = Incoming(request: request, admission: admission, version: head.version)
            guard admission.readsBody else {
                // Whoever sends a body against all advice is not listened to for long. Who asked first may send it or not,
                // so that nobody knows where the next request begins.
                if framing.expectsContinue || framing.length ?? .max > Self.mostDropped {
                    keepsConnection = false
                }
                reading = .dropping
                return begin(incoming)
            }
            reading = .body(incoming)
            if framing.expectsContinue {
                let goOn = HTTPResponseHead(version: .http1_1, status: .continue)
                context?.writeAndFlush(wrapOutboundOut(.head(goOn)), promise: nil)
            }
        }

        private func read(_ part: ByteBuffer) {
            guard case .body(var incoming) = reading else { return }
            // The body is held once.
            reading = .dropping
            let limit = server.service.configuration.bodyLimit
            guard incoming.request.body.count + part.readableBytes <= limit else {
                incoming.request.body = []
                incoming.request.isTooLarge = true
                keepsConnection = false
                return begin(incoming)
            }
            incoming.request.body.append(contentsOf: part.readableBytesView)
            reading = .body(incoming)
        }

        private func readEnd() {
            let wasRead = reading
            reading = .nothing
            watch.progress = .none
            if case .body(let incoming) = wasRead { begin(incoming) }
        }

        /// Begins to answer a request.
        private func begin(_ incoming: Incoming) {
            guard let context else { return }
            let sink = ConnectionSink<any AnswerWriter>(self, on: context.eventLoop, outlet)
            answer = Answer(version: incoming.version, hasBody: incoming.request.method != "HEAD")
            answer?.task = Task { [server] in
                await server.respond(to: incoming.request, incoming.admission, through: sink)
                sink.finish()
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            // Who may not speak in another way goes on in this one.
            if error is NIOWebSocketUpgradeError || error is HTTPServerUpgradeErrors { return }
            guard let problem = error as? HTTPParserError else {
                return context.close(promise: nil)
            }
            if isOver { return }
            guard answer == nil else {
                // The answer is not to what came since.
                keepsConnection = false
                reading = .dropping
                return
            }
            if problem == .headerOverflow {
                refuse(
                    status: 431,
                    "there are more than \(RequestFraming.mostHeaders) headers, or they are longer than "
                        + "\(RequestFraming.mostHeaderBytes) bytes")
            } else {
                refuse(status: 400, "this is no HTTP/1.1: \(problem)")
            }
        }

        /// Answers what cannot be understood, and ends the connection.
        private func refuse(status: Int, _ text: String) {
            keepsConnection = false
            reading = .dropping
            let body = WireError(.invalidRequest, text + ".").body(.openAI, requestID: "")
                .serialized()
            answer = Answer(version: .http1_1, hasBody: true)
            begin(
                status: status,
                headers: [
                    ("content-type", "application/json"), ("content-length", "\(body.count)"),
                ])
            outlet.add(body.count)
            write(body)
            finish()
        }

        // MARK: Out

        /// Ends the sending side and drops what comes for a while: a connection that is closed with unread bytes is reset, and
        /// the answer with it.
        private func linger(_ context: ChannelHandlerContext) {
            context.close(mode: .output, promise: nil)
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.value.eventLoop.scheduleTask(in: TimeAmount(limits.linger)) {
                context.value.close(promise: nil)
            }
        }

        /// A value that cannot begin another header.
        private static func oneLine(_ value: String) -> String {
            value.utf8.contains { $0 < 32 || $0 == 127 }
                ? String(
                    decoding: value.utf8.map { $0 < 32 || $0 == 127 ? 32 : $0 }, as: UTF8.self)
                : value
        }
    }

    extension RequestHandler: AnswerWriter {
        func begin(status: Int, headers: [(name: String, value: String)]) {
            guard let context, let answer else { return }
            var fields = HTTPHeaders([("server", "martlet")])
            for header in headers {
                fields.add(name: header.name, value: Self.oneLine(header.value))
            }
            let hasLength = fields.contains(name: "content-length")
            // Without a length or chunks the end of the connection is the end of the answer.
            let isCut = !hasLength && (answer.version == .http1_0 || !answer.hasBody)
            if isCut { keepsConnection = false }
            fields.add(name: "connection", value: keepsConnection ? "keep-alive" : "close")
            let head = HTTPResponseHead(
                version: isCut ? .http1_0 : .http1_1, status: .init(statusCode: status),
                headers: fields)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            self.answer?.hasBegun = true
            if !hasLength { context.flush() }
        }

        func write(_ bytes: [UInt8]) {
            guard let context, let answer, answer.hasBegun, answer.hasBody, !bytes.isEmpty else {
                outlet.remove(bytes.count)
                return
            }
            let sent = context.eventLoop.makePromise(of: Void.self)
            sent.futureResult.whenComplete { [outlet] _ in outlet.remove(bytes.count) }
            let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
            context.writeAndFlush(wrapOutboundOut(part), promise: sent)
        }

        func finish() {
            guard let context, let answer else { return }
            self.answer = nil
            guard answer.hasBegun else { return context.close(promise: nil) }
            watch.noteAnswer()
            isOver = !keepsConnection
            let isWhole = if case .nothing = reading { true } else { false }
            let sent = isOver && isWhole ? context.eventLoop.makePromise(of: Void.self) : nil
            if let sent {
                let context = NIOLoopBound(context, eventLoop: context.eventLoop)
                sent.futureResult.whenComplete { _ in context.value.close(promise: nil) }
            }
            // The next request may be read while this returns.
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
            if isOver, !isWhole { linger(context) }
        }
    }

    extension RequestHandler: ConnectionUse {
        var isBusy: Bool { answer != nil }

        func askWhetherAlive() -> Bool { false }

        func end() {
            keepsConnection = false
            if answer == nil, !isOver { context?.close(promise: nil) }
        }
    }
#endif
