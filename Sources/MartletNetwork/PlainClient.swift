/// HTTP/1.1 without encryption, over SwiftNIO.
///
/// URLSession on Linux takes most of a processor as long as an answer is under way, whatever comes: who measures a server on the
/// same machine measures that, too.

#if Server
    import Foundation
    package import MartletHub
    import NIOCore
    import NIOHTTP1
    import NIOPosix
    import Synchronization

    /// Sends each request over a connection of its own, to addresses that begin with `http:`. It follows no redirect and keeps
    /// no cookies.
    package final class PlainClient: HTTPClient {
        private let group = MultiThreadedEventLoopGroup.singleton

        /// A client.
        package init() {}

        /// Whether it can send to an address.
        package static func takes(_ url: String) -> Bool {
            URL(string: url)?.scheme?.lowercased() == "http"
        }

        /// Sends a request.
        package func send(
            _ request: HTTPRequest, to receiver: any HTTPReceiver
        ) async throws(HTTPFailure) -> HTTPHead {
            guard let target = Target(request.url) else {
                throw .invalid("an address that cannot be read, expected http://HOST:PORT/PATH")
            }
            let loop = group.next()
            let done = loop.makePromise(of: Result<HTTPHead, HTTPFailure>.self)
            let canceller = Canceller()
            let connecting = ClientBootstrap(group: loop)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connectTimeout(.nanoseconds(Self.nanoseconds(request.timeout)))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(
                            IdleStateHandler(
                                readTimeout: .nanoseconds(Self.nanoseconds(request.timeout))))
                        try pipeline.addHandler(AnswerHandler(request, target, receiver, done))
                    }
                }
                .connect(host: target.host, port: target.port)
            connecting.whenSuccess { canceller.take($0) }
            // A handler that was added has already ended it where it could.
            connecting.whenFailure { error in
                done.succeed(.failure(.connection(Self.reason(error))))
            }
            let result: Result<HTTPHead, HTTPFailure>
            do {
                result = try await withTaskCancellationHandler {
                    try await done.futureResult.get()
                } onCancel: {
                    canceller.cancel()
                    // A connection that nobody takes or refuses would be waited for.
                    done.succeed(.failure(.cancelled))
                }
            } catch { throw .cancelled }
            if canceller.isCancelled, case .failure = result { throw .cancelled }
            return try result.get()
        }

        private static func nanoseconds(_ seconds: Double) -> Int64 {
            Int64(min(max(seconds, 0.001), 1e9) * 1e9)
        }

        static func reason(_ error: any Error) -> String {
            if let error = error as? NIOConnectionError {
                return error.connectionErrors.first.map { reason($0.error) }
                    ?? "\(error.host): unknown host"
            }
            // What the system calls it, without what the library adds.
            return (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        }

        /// Where a request goes.
        struct Target: Sendable {
            let host: String
            let port: Int
            /// What stands in the first line.
            let path: String
            /// What the header `Host` says.
            let authority: String

            init?(_ text: String) {
                guard PlainClient.takes(text), let url = URLComponents(string: text),
                    let host = url.host, !host.isEmpty
                else { return nil }
                // IPv6 addresses stand in brackets.
                self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
                port = url.port ?? 80
                let rest = url.percentEncodedQuery.map { "?" + $0 } ?? ""
                path = (url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath) + rest
                authority = url.port.map { "\(host):\($0)" } ?? host
            }
        }
    }

    /// Closes a connection when its request is given up, whichever is there first.
    private final class Canceller: Sendable {
        private struct State {
            var channel: (any Channel)?
            var isCancelled = false
        }

        private let state = Mutex(State())

        var isCancelled: Bool { state.withLock { $0.isCancelled } }

        func take(_ channel: any Channel) {
            let isLate = state.withLock { state in
                state.channel = channel
                return state.isCancelled
            }
            if isLate { channel.close(promise: nil) }
        }

        func cancel() {
            let channel = state.withLock { state in
                state.isCancelled = true
                return state.channel
            }
            channel?.close(promise: nil)
        }
    }

    /// Sends one request and hands its answer on. It lives on the event loop.
    private final class AnswerHandler: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundOut = HTTPClientRequestPart

        private let request: HTTPRequest
        private let target: PlainClient.Target
        private let receiver: any HTTPReceiver
        private var done: EventLoopPromise<Result<HTTPHead, HTTPFailure>>?
        private var head: HTTPHead?

        init(
            _ request: HTTPRequest, _ target: PlainClient.Target, _ receiver: any HTTPReceiver,
            _ done: EventLoopPromise<Result<HTTPHead, HTTPFailure>>
        ) {
            self.request = request
            self.target = target
            self.receiver = receiver
            self.done = done
        }

        private func end(
            _ result: Result<HTTPHead, HTTPFailure>, _ context: ChannelHandlerContext
        ) {
            guard let promise = done else { return }
            done = nil
            promise.succeed(result)
            context.close(promise: nil)
        }

        func channelActive(context: ChannelHandlerContext) {
            var headers = HTTPHeaders([("Host", target.authority), ("Connection", "close")])
            for (name, value) in request.headers { headers.add(name: name, value: value) }
            if !request.body.isEmpty || request.method == "POST" {
                headers.add(name: "Content-Length", value: "\(request.body.count)")
            }
            let first = HTTPRequestHead(
                version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: target.path,
                headers: headers)
            context.write(wrapOutboundOut(.head(first)), promise: nil)
            if !request.body.isEmpty {
                let body = context.channel.allocator.buffer(bytes: request.body)
                context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard done != nil else { return }
            do {
                switch unwrapInboundIn(data) {
                case .head(let first):
                    let head = HTTPHead(
                        status: Int(first.status.code),
                        headers: first.headers.map { (name: $0.name, value: $0.value) })
                    self.head = head
                    try receiver.begin(head)
                case .body(let bytes):
                    try bytes.withUnsafeReadableBytes { try receiver.receive($0) }
                case .end:
                    if let head { end(.success(head), context) }
                }
            } catch { end(.failure(.refused(error)), context) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is IdleStateHandler.IdleStateEvent {
                end(.failure(.stalled(request.timeout)), context)
            }
            context.fireUserInboundEventTriggered(event)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            let reason = PlainClient.reason(error)
            let failure: HTTPFailure =
                switch error as? HTTPParserError {
                // A body that breaks off is one too, for who parses it.
                case .invalidEOFState?: .cut(reason)
                case .some: .invalid(reason)
                case nil: head == nil ? .connection(reason) : .cut(reason)
                }
            end(.failure(failure), context)
        }

        /// The connection is closed, perhaps before it was ever active.
        func handlerRemoved(context: ChannelHandlerContext) {
            let reason = "the connection was closed"
            end(.failure(head == nil ? .connection(reason) : .cut(reason)), context)
        }
    }
#endif
