/// The few calls of the system that a server needs, the same on every system.

import Foundation
import Martlet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Sockets by their descriptors.
package enum Socket {
    /// Sends bytes without a signal for a connection that is closed.
    static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        #else
            Darwin.send(descriptor, bytes.baseAddress, bytes.count, 0)
        #endif
    }

    static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }

    private static var streamType: Int32 {
        #if canImport(Glibc)
            Int32(SOCK_STREAM.rawValue)
        #else
            SOCK_STREAM
        #endif
    }

    /// Makes a descriptor answer at once, and end with this process.
    static func prepare(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        #if canImport(Darwin)
            set(descriptor, SOL_SOCKET, SO_NOSIGPIPE)
        #endif
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var one: Int32 = 1
        _ = setsockopt(descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Listens at an address. Throws `invalidParameter` for a name that is none, `busy` for a port that is taken.
    static func listen(host: String, port: Int) throws(MartletError) -> (
        descriptor: Int32, port: Int
    ) {
        func failure(_ what: String) -> MartletError {
            MartletError(
                code: .invalidParameter, subject: "host",
                message: "\(host):\(port): \(what); choose another --host or --port")
        }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = streamType
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let status = getaddrinfo(bare, "\(port)", &hints, &list)
        guard status == 0, let first = list else {
            throw failure("the name is no address (\(String(cString: gai_strerror(status))))")
        }
        defer { freeaddrinfo(first) }
        var problem = "nothing to listen at"
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let entry = next {
            let info = entry.pointee
            next = info.ai_next
            let descriptor = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
            guard descriptor >= 0 else {
                problem = String(cString: strerror(errno))
                continue
            }
            set(descriptor, SOL_SOCKET, SO_REUSEADDR)
            if info.ai_family == AF_INET6 { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
            prepare(descriptor)
            guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0,
                systemListen(descriptor) == 0
            else {
                problem = String(cString: strerror(errno))
                close(descriptor)
                continue
            }
            return (descriptor, boundPort(descriptor) ?? port)
        }
        throw failure(problem)
    }

    private static func systemListen(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.listen(descriptor, 1024)
        #else
            Darwin.listen(descriptor, 1024)
        #endif
    }

    /// The port that the system chose.
    private static func boundPort(_ descriptor: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
        }
        guard status == 0 else { return nil }
        // Both families have the port in the same place.
        return withUnsafeBytes(of: &storage) { bytes in
            Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        }
    }

    /// What came of taking a connection.
    enum Accepted {
        /// One that waited.
        case connection(Int32)
        /// None waits, or it went away.
        case nothing
        /// One waits, and the system has no room for it.
        case exhausted
    }

    /// Whether an error says that the system has no room for another connection, which goes on waiting.
    package static func isShortage(_ code: Int32) -> Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code)
    }

    /// Takes a connection that waits.
    static func accept(_ descriptor: Int32) -> Accepted {
        #if canImport(Glibc)
            let taken = Glibc.accept(descriptor, nil, nil)
        #else
            let taken = Darwin.accept(descriptor, nil, nil)
        #endif
        guard taken >= 0 else {
            return isShortage(errno) ? .exhausted : .nothing
        }
        prepare(taken)
        return .connection(taken)
    }
}
