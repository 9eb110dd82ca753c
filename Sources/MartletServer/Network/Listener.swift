/// Listens at addresses and keeps the connections that come.

#if Server
    package import Martlet
    import NIOCore
    import NIOHTTP1
    import NIOPosix
    import Synchronization

    /// A server on sockets. Everything that comes is handled on one event loop; answers are made elsewhere.
    package final class Listener: Sendable {
        /// What only the event loop touches.
        private final class Connections {
            var open: [ObjectIdentifier: ConnectionWatch] = [:]
            var isEnding = false
            var sweep: RepeatedTask?
            /// Closes what is open when the time is over.
            var late: Scheduled<Void>?
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let server: Server
        private let limits: ConnectionLimits
        private let mostConnections: Int
        private let loop: any EventLoop
        private let connections: NIOLoopBoundBox<Connections>
        private let sockets = Mutex<[any Channel]>([])
        private let count = Atomic<Int>(0)

        /// A listener that keeps at most so many connections.
        package init(
            _ server: Server, mostConnections: Int = 16_384,
            limits: ConnectionLimits = ConnectionLimits()
        ) {
            self.server = server
            self.limits = limits
            self.mostConnections = mostConnections
            loop = MultiThreadedEventLoopGroup.singleton.next()
            connections = NIOLoopBoundBox.makeBoxSendingValue(Connections(), eventLoop: loop)
        }

        /// Begins to listen. Port 0 lets the system choose.
        ///
        /// - Returns: the port.
        /// - Throws: `invalidParameter` where an address cannot be listened at.
        package func listen(hosts: [String], port: Int) async throws(MartletError) -> Int {
            Addresses.makeRoom(forConnections: mostConnections)
            var port = port
            for host in hosts {
                let socket = try await bind(host, port)
                port = socket.localAddress?.port ?? port
                sockets.withLock { $0.append(socket) }
            }
            loop.execute { [self] in
                let pause = TimeAmount(limits.sweep)
                connections.value.sweep = loop.scheduleRepeatedTask(
                    initialDelay: pause, delay: pause
                ) { [weak self] _ in self?.sweep() }
            }
            return port
        }

        private func bind(_ host: String, _ port: Int) async throws(MartletError) -> any Channel {
            var problem = "nothing to listen at"
            for address in try Addresses.resolve(host: host, port: port) {
                var bootstrap = ServerBootstrap(group: loop)
                    .serverChannelOption(.backlog, value: 1024)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .childChannelInitializer { [weak self] channel in
                        guard let self else { return channel.close() }
                        return channel.eventLoop.makeCompletedFuture { try self.open(channel) }
                    }
                if address.protocol == .inet6 {
                    // Each address is a socket of its own.
                    bootstrap = bootstrap.serverChannelOption(
                        ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only),
                        value: 1)
                }
                do { return try await bootstrap.bind(to: address).get() } catch {
                    problem = (error as? IOError)?.description ?? "\(error)"
                }
            }
            throw Addresses.unusable(host, port, problem)
        }

        /// Sets up a connection that has come.
        private func open(_ channel: any Channel) throws {
            let connections = connections.value
            guard !connections.isEnding, connections.open.count < mostConnections else {
                return channel.close(promise: nil)
            }
            let watch = ConnectionWatch { [weak self] in self?.forget($0) }
            connections.open[ObjectIdentifier(watch)] = watch
            count.store(connections.open.count, ordering: .relaxed)
            let line = channel.pipeline.syncOperations
            try line.addHandler(watch)
            let encoder = HTTPResponseEncoder()
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(
                    leftOverBytesStrategy: .forwardBytes,
                    limitConfiguration: RequestFraming.decoderLimits))
            let pipelining = HTTPServerPipelineHandler()
            let requests = RequestHandler(server, watch, limits)
            let upgrade = HTTPServerUpgradeHandler(
                upgraders: [SessionUpgrade.upgrader(server, watch, requests, on: loop)],
                httpEncoder: encoder, extraHTTPHandlers: [decoder, pipelining],
                upgradeCompletionHandler: { _ in })
            for handler in [encoder, decoder, pipelining, upgrade, requests] as [any ChannelHandler]
            {
                try line.addHandler(handler)
            }
        }

        private func forget(_ watch: ConnectionWatch) {
            let connections = connections.value
            connections.open[ObjectIdentifier(watch)] = nil
            count.store(connections.open.count, ordering: .relaxed)
            wakeIfDone()
        }

        private func wakeIfDone() {
            let connections = connections.value
            guard connections.isEnding, connections.open.isEmpty else { return }
            for waiter in connections.waiters { waiter.resume() }
            connections.waiters = []
        }

        private func sweep() {
            let now = NIODeadline.now()
            for watch in Array(connections.value.open.values) {
                watch.closeIfStuck(now: now, limits)
            }
        }

        /// Connections that are open.
        package var connectionCount: Int { count.load(ordering: .relaxed) }

        /// Takes no further connections and requests, and returns when answers under way have ended, or the time is over.
        package func stop(within grace: Duration) async {
            server.service.end()
            for socket in sockets.withLock({ $0 }) { try? await socket.close().get() }
            await withCheckedContinuation { continuation in
                loop.execute { [self] in
                    let connections = connections.value
                    connections.isEnding = true
                    connections.waiters.append(continuation)
                    for watch in Array(connections.open.values) {
                        if let use = watch.use { use.end() } else { watch.close() }
                    }
                    connections.late = loop.scheduleTask(in: TimeAmount(grace)) { [self] in
                        for watch in Array(self.connections.value.open.values) { watch.close() }
                    }
                    wakeIfDone()
                }
            }
            loop.execute { [self] in
                connections.value.sweep?.cancel()
                connections.value.late?.cancel()
            }
        }
    }
#endif
