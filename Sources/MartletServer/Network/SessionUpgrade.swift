/// From a request to a session: who may speak WebSocket.

#if Server
    import NIOCore
    import NIOHTTP1
    import NIOWebSocket

    /// Turns a connection whose first request asks for a session into one of WebSocket.
    struct SessionUpgrade {
        private struct Opening {
            let request: ServerRequest
            let admission: Admission
        }

        /// How clients that cannot send headers bring a key, as with OpenAI's realtime API: among their subprotocols.
        private static let keyPrefix = "openai-insecure-api-key."
        /// The subprotocol that is chosen where it is offered.
        private static let subprotocol = "realtime"

        /// The upgrader of one connection, which begins as `watch` and `handler` have it.
        static func upgrader(
            _ server: Server, _ watch: ConnectionWatch, _ handler: RequestHandler,
            on loop: any EventLoop
        ) -> NIOWebSocketServerUpgrader {
            let opening = NIOLoopBoundBox<Opening?>(nil, eventLoop: loop)
            let parts = NIOLoopBound((watch, handler), eventLoop: loop)
            let limit = min(server.service.configuration.bodyLimit, 1 << 30)
            return NIOWebSocketServerUpgrader(
                maxFrameSize: limit,
                shouldUpgrade: { channel, head in
                    let request = request(head)
                    guard request.path == SessionEndpoint.path, head.method == .GET else {
                        return channel.eventLoop.makeSucceededFuture(nil)
                    }
                    let (_, handler) = parts.value
                    var admission = handler.judged ?? server.admit(request)
                    if admission.readsBody,
                        let refusal = SessionEndpoint.refusal(of: admission.tenant, server.service)
                    {
                        admission.verdict = .refused(refusal)
                    }
                    guard admission.readsBody else {
                        // What is refused is answered like any other request, and was judged.
                        handler.judged = admission
                        return channel.eventLoop.makeSucceededFuture(nil)
                    }
                    opening.value = Opening(request: request, admission: admission)
                    let offers = protocols(head.headers).contains { $0 == subprotocol }
                    return channel.eventLoop.makeSucceededFuture(
                        offers ? ["sec-websocket-protocol": subprotocol] : [:])
                },
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        guard let opened = opening.value else {
                            throw ChannelError.ioOnClosedChannel
                        }
                        let tenant = opened.admission.tenant
                        guard server.service.sessions.enter(tenant) else {
                            throw ChannelError.ioOnClosedChannel
                        }
                        let (watch, handler) = parts.value
                        let line = channel.pipeline.syncOperations
                        line.removeHandler(handler, promise: nil)
                        do {
                            try line.addHandler(FrameRules())
                            try line.addHandler(
                                NIOWebSocketFrameAggregator(
                                    minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1024,
                                    maxAccumulatedFrameSize: limit))
                            try line.addHandler(
                                WebSocketHandler(
                                    server, opening: opened.request, opened.admission, watch))
                        } catch {
                            // The connection has ended, and no handler is there to leave.
                            server.service.sessions.leave(tenant)
                            throw error
                        }
                    }
                })
        }

        private static func protocols(_ headers: HTTPHeaders) -> [Substring] {
            headers[canonicalForm: "sec-websocket-protocol"]
        }

        /// The request with the key that a subprotocol brought where a header would have.
        private static func request(_ head: HTTPRequestHead) -> ServerRequest {
            var headers = head.headers.map { (name: $0.name, value: $0.value) }
            if let key = protocols(head.headers).first(where: { $0.hasPrefix(keyPrefix) }),
                head.headers["authorization"].isEmpty
            {
                headers.append(("authorization", "Bearer \(key.dropFirst(keyPrefix.count))"))
            }
            return ServerRequest(head.method.rawValue, head.uri, headers: headers)
        }
    }
#endif
