/// Where a request ends, as strict as one has to be with strangers.
///
/// The parser refuses what breaks the grammar. Beyond that, whatever two servers in a row could understand differently is
/// refused here: codings other than `chunked` alone, targets that are no path, other versions.

#if Server
    import NIOHTTP1

    /// How a request's head says that its body ends.
    struct RequestFraming {
        /// Why a head is not understood.
        struct Problem: Error {
            let text: String
        }

        /// The most headers of a request.
        static let mostHeaders = 128
        /// The most bytes of them, and of the target.
        static let mostHeaderBytes = 64 << 10

        /// Bytes of the body; nil where it comes in chunks.
        var length: Int? = 0
        /// Whether the sender waits to be told to send the body.
        var expectsContinue = false

        /// What the decoder reads at most.
        static var decoderLimits: NIOHTTPDecoderLimitConfiguration {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = mostHeaderBytes
            limits.maxHeaderListSize = mostHeaderBytes
            limits.maxHeaderFieldCount = mostHeaders
            return limits
        }

        init(_ head: HTTPRequestHead) throws(Problem) {
            guard head.version == .http1_1 || head.version == .http1_0 else {
                throw Problem(text: "the first line is none of HTTP/1.1")
            }
            guard head.uri.utf8.first == UInt8(ascii: "/") || head.uri == "*",
                head.uri.utf8.allSatisfy({ $0 > 32 && $0 != 127 })
            else { throw Problem(text: "the target is no path") }
            let lengths = head.headers["content-length"]
            if let text = lengths.first {
                guard lengths.count == 1, !text.isEmpty, text.utf8.count < 19,
                    text.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(text)
                else { throw Problem(text: "content-length is no length") }
                self.length = length
            }
            let codings = head.headers["transfer-encoding"]
            if !codings.isEmpty {
                guard lengths.isEmpty, codings.count == 1, codings[0].lowercased() == "chunked",
                    head.version == .http1_1
                else { throw Problem(text: "transfer-encoding is another than chunked alone") }
                length = nil
            }
            expectsContinue =
                head.version == .http1_1 && length != 0
                && head.headers["expect"].contains { $0.lowercased() == "100-continue" }
        }
    }
#endif
