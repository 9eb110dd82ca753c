/// TLS of a server's connections.

package import Martlet

#if TLS
    import NIOCore
    import NIOSSL
#endif

/// A certificate with its key, ready for connections. Only a package that is built with the trait `TLS` has one.
package struct TransportSecurity: Sendable {
    #if TLS
        private let context: NIOSSLContext
    #endif

    /// Reads a chain of certificates and the key of the first one, each in PEM.
    ///
    /// - Throws: `invalidParameter` where they cannot be read or do not belong together, and where the package was built
    ///   without TLS.
    package init(certificate: String, key: String) throws(MartletError) {
        #if TLS
            func reading<Value>(
                _ option: String, _ path: String, _ read: () throws -> Value
            ) throws(MartletError) -> Value {
                do { return try read() } catch {
                    throw MartletError(
                        code: .invalidParameter, subject: option,
                        message:
                            "\(path): it cannot be used as --\(option) (\(error)); give a file in PEM"
                    )
                }
            }
            let chain = try reading("tls-certificate", certificate) {
                try NIOSSLCertificate.fromPEMFile(certificate)
            }
            let secret = try reading("tls-key", key) {
                try NIOSSLPrivateKey(file: key, format: .pem)
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            context = try reading("tls-key", key) {
                try NIOSSLContext(configuration: configuration)
            }
        #else
            throw MartletError(
                code: .invalidParameter, subject: "tls-certificate",
                message:
                    "this martlet was built without TLS; build it with 'swift build -c release --product martlet "
                    + "--traits TLS', or put a proxy before it")
        #endif
    }

    #if TLS
        /// What a connection's bytes go through.
        func handler() -> any ChannelHandler { NIOSSLServerHandler(context: context) }
    #endif
}
