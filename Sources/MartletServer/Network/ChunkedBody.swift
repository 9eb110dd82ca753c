/// Bodies whose length is told piece by piece.

/// A body that comes in chunks.
struct ChunkedBody: Sendable {
    enum Outcome {
        case incomplete, malformed, tooLarge
        case complete([UInt8])
    }

    private var body: [UInt8] = []
    /// Bytes that are left of a chunk; nil between two.
    private var left: Int?
    private var isInTrailer = false

    /// Reads on from `start`, and moves it behind what it has read.
    mutating func read(_ buffer: [UInt8], _ start: inout Int, limit: Int) -> Outcome {
        while true {
            if let count = left {
                let taken = min(count, buffer.count - start)
                body.append(contentsOf: buffer[start..<(start + taken)])
                start += taken
                guard taken == count else {
                    left = count - taken
                    return .incomplete
                }
                guard buffer.count - start >= 2 else {
                    left = 0
                    return .incomplete
                }
                guard buffer[start] == 13, buffer[start + 1] == 10 else { return .malformed }
                start += 2
                left = nil
                continue
            }
            guard let end = endOfLine(buffer, start) else {
                return buffer.count - start > 4096 ? .malformed : .incomplete
            }
            let line = buffer[start..<end]
            // A line end that only one of two servers takes for one.
            guard !line.contains(where: { $0 == 10 || $0 == 13 }) else { return .malformed }
            if isInTrailer {
                start = end + 2
                if line.isEmpty { return .complete(body) }
                continue
            }
            let digits = line.prefix { $0 != UInt8(ascii: ";") }
            guard (1...8).contains(digits.count), digits.allSatisfy(Self.isHexadecimal),
                let count = Int(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return .malformed }
            start = end + 2
            guard body.count + count <= limit else { return .tooLarge }
            if count == 0 { isInTrailer = true } else { left = count }
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...70, 97...102: true
        default: false
        }
    }

    private func endOfLine(_ buffer: [UInt8], _ start: Int) -> Int? {
        var index = start
        while index + 1 < buffer.count, index - start <= 4096 {
            if buffer[index] == 13, buffer[index + 1] == 10 { return index }
            index += 1
        }
        return nil
    }
}
