/// Addresses of the hub, with names of files quoted.

import Foundation
import MartletFormats

enum Address {
    /// A text as a part of an address; `/` stays when `keepsSlashes`.
    static func quote(_ text: String, keepsSlashes: Bool) -> String {
        var result = ""
        for byte in text.utf8 {
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-._~".utf8.contains(byte) || (keepsSlashes && byte == UInt8(ascii: "/"))
            if isPlain {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }

    /// Where a `Location` or a link leads from `base`; nil when it is no address of HTTP.
    static func resolve(_ target: String, from base: String) -> String? {
        guard let url = URL(string: target, relativeTo: URL(string: base))?.absoluteURL else {
            return nil
        }
        let text = url.absoluteString
        return Origin(text) == nil ? nil : text
    }

    /// An address as it may be shown: what comes after `?` may be a signature that opens a file.
    static func shown(_ address: String) -> String {
        String(address.prefix { $0 != "?" && $0 != "#" })
    }
}
