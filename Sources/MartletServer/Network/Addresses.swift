/// The addresses behind a name, and the system's room for connections.

#if Server
    import Martlet
    import NIOCore

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// Names of this machine.
    enum Addresses {
        /// Resolves a name or an address, with brackets or without. Throws `invalidParameter` for a name that is none.
        static func resolve(host: String, port: Int) throws(MartletError) -> [SocketAddress] {
            var hints = addrinfo()
            hints.ai_family = AF_UNSPEC
            #if canImport(Glibc)
                hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            #else
                hints.ai_socktype = SOCK_STREAM
            #endif
            hints.ai_flags = AI_PASSIVE
            var list: UnsafeMutablePointer<addrinfo>?
            let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
            let status = getaddrinfo(bare, "\(port)", &hints, &list)
            guard status == 0, let first = list else {
                throw unusable(
                    host, port, "the name is no address (\(String(cString: gai_strerror(status))))")
            }
            defer { freeaddrinfo(first) }
            var found: [SocketAddress] = []
            var next: UnsafeMutablePointer<addrinfo>? = first
            while let entry = next {
                next = entry.pointee.ai_next
                guard let address = entry.pointee.ai_addr else { continue }
                let bytes = UnsafeRawPointer(address)
                switch entry.pointee.ai_family {
                case AF_INET:
                    found.append(.init(bytes.loadUnaligned(as: sockaddr_in.self), host: bare))
                case AF_INET6:
                    found.append(.init(bytes.loadUnaligned(as: sockaddr_in6.self), host: bare))
                default: break
                }
            }
            return found
        }

        /// An address that cannot be listened at.
        static func unusable(_ host: String, _ port: Int, _ what: String) -> MartletError {
            MartletError(
                code: .invalidParameter, subject: "host",
                message: "\(host):\(port): \(what); choose another --host or --port")
        }

        /// Asks the system for descriptors for so many connections, as far as it allows.
        static func makeRoom(forConnections count: Int) {
            var limit = rlimit()
            guard getrlimit(fileLimit, &limit) == 0 else { return }
            // Files of the model and of the process itself.
            let wanted = min(rlim_t(count + 256), limit.rlim_max)
            guard limit.rlim_cur < wanted else { return }
            limit.rlim_cur = wanted
            _ = setrlimit(fileLimit, &limit)
        }

        #if canImport(Glibc)
            private static var fileLimit: __rlimit_resource_t {
                __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            }
        #else
            private static var fileLimit: Int32 { RLIMIT_NOFILE }
        #endif
    }
#endif
