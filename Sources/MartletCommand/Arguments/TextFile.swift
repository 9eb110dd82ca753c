/// Text from a file, checked to be UTF-8.

import Foundation
import Martlet
import MartletFormats

enum TextFile {
    /// The bytes of a text file, or of standard input for `-`. Throws `MartletError` when it cannot
    /// be read or is not UTF-8.
    static func read(_ path: String) throws(MartletError) -> [UInt8] {
        let bytes: [UInt8]
        if path == "-" {
            bytes = try standardInput()
        } else {
            do {
                let file = try MappedFile(path: path)
                // The mapping lasts as long as the object, not as long as a pointer into it.
                bytes = withExtendedLifetime(file) { Array(file.bytes) }
                try file.checkIntact()
            } catch {
                throw MartletError(error)
            }
        }
        if let offset = firstInvalidOffset(bytes) {
            throw MartletError(
                code: .invalidText, subject: path,
                message: "\(path): the text is not valid UTF-8 at byte \(offset), got "
                    + "0x\(String(bytes[offset], radix: 16)); convert it to UTF-8 first")
        }
        return bytes
    }

    /// All of standard input.
    private static func standardInput() throws(MartletError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let part = try standardInputPart()
            guard !part.isEmpty else { return bytes }
            bytes += part
        }
    }

    /// What standard input has next, a line where somebody types; nothing at its end. `FileHandle` would end the
    /// process when it is closed or a directory.
    static func standardInputPart() throws(MartletError) -> [UInt8] {
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = systemRead(STDIN_FILENO, &part)
            if count >= 0 {
                return Array(part[..<count])
            } else if errno != EINTR {
                let reason = String(cString: strerror(errno))
                throw MartletError(
                    code: .unreadableFile, subject: "standard input",
                    message: "standard input: cannot read: \(reason); check where it comes from")
            }
        }
    }

    /// Where the first byte is that does not belong to a character; nil for valid UTF-8.
    static func firstInvalidOffset(_ bytes: [UInt8]) -> Int? {
        // The fast check first: parsing scalar by scalar is only needed to find the place.
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        var parser = UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let scalar): offset += scalar.count
            case .error: return offset
            case .emptyInput: return nil
            }
        }
    }
}

/// The system's `read`, under a name that the methods above do not hide.
private func systemRead(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int {
    read(descriptor, &bytes, bytes.count)
}
