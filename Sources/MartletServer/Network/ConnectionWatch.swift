/// What moves on a connection, and when nothing has for too long.

#if Server
    import NIOCore

    /// What a connection is used for, as the one who closes connections sees it.
    protocol ConnectionUse: AnyObject {
        /// Whether an answer is under way.
        var isBusy: Bool { get }
        /// Asks a client that has been silent for long whether it is there. False where clients need not say so.
        func askWhetherAlive() -> Bool
        /// Ends the connection, at once or after the answer that is under way.
        func end()
    }

    /// The first handler of a connection: it sees every byte as the system does. It lives on the event loop.
    final class ConnectionWatch: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias InboundOut = ByteBuffer
        typealias OutboundIn = IOData
        typealias OutboundOut = IOData

        /// How far a client is with its request.
        enum Progress {
            /// Between requests.
            case none
            /// In the headers, since a time.
            case head(NIODeadline)
            /// In the body.
            case body
            /// There are no requests any more.
            case unframed
        }

        /// What the connection is used for.
        weak var use: (any ConnectionUse)?
        /// How far the client is with its request.
        var progress = Progress.none
        private var heard = NIODeadline.now()
        private var hasAsked = false
        /// Bytes that were handed to the system's buffers or wait for them.
        private var queued = 0
        /// How many of them the client had taken when it last took one, and when that was.
        private var taken = (bytes: 0, at: NIODeadline.now())
        private var channel: (any Channel)?
        private let ended: (ConnectionWatch) -> Void

        /// A watch that tells when its connection has ended.
        init(ended: @escaping (ConnectionWatch) -> Void) { self.ended = ended }

        func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            heard = .now()
            hasAsked = false
            if case .none = progress { progress = .head(heard) }
            context.fireChannelRead(data)
        }

        func write(
            context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
        ) {
            if waiting == 0 { taken = (queued, .now()) }
            queued += unwrapOutboundIn(data).readableBytes
            context.write(data, promise: promise)
        }

        func channelInactive(context: ChannelHandlerContext) {
            ended(self)
            channel = nil
            context.fireChannelInactive()
        }

        /// The client was answered, which counts as much as a word of its own.
        func noteAnswer() { heard = .now() }

        /// Closes the connection now.
        func close() { channel?.close(promise: nil) }

        /// Bytes that the system has not taken.
        private var waiting: Int {
            guard let options = channel?.syncOptions else { return 0 }
            return (try? options.getOption(.bufferedWritableBytes)) ?? 0
        }

        /// Closes a connection on which nothing has moved for too long.
        func closeIfStuck(now: NIODeadline, _ limits: ConnectionLimits) {
            let waiting = waiting
            guard waiting == 0 else {
                // What a client sends does not excuse it from reading.
                if queued - waiting > taken.bytes { taken = (queued - waiting, now) }
                if now - taken.at > TimeAmount(limits.write) { close() }
                return
            }
            guard let use else { return }
            if use.isBusy { return }
            let silence = now - heard
            switch progress {
            case .none, .unframed:
                if silence > TimeAmount(limits.idle) {
                    close()
                } else if !hasAsked, silence > TimeAmount(limits.idle) / 2 {
                    hasAsked = use.askWhetherAlive()
                }
            case .head(let since):
                if silence > TimeAmount(limits.read) || now - since > TimeAmount(limits.head) {
                    close()
                }
            case .body:
                if silence > TimeAmount(limits.read) { close() }
            }
        }
    }

    extension TimeAmount {
        fileprivate static func / (amount: TimeAmount, divisor: Int64) -> TimeAmount {
            .nanoseconds(amount.nanoseconds / divisor)
        }
    }
#endif
