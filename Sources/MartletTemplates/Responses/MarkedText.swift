/// Text in which marks are looked for.

/// A text that tells parts of an answer apart.
struct Mark: Sendable, Equatable {
    let text: String
    let bytes: [UInt8]

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    static func == (one: Mark, other: Mark) -> Bool { one.bytes == other.bytes }
}

/// Text that is read from its front. Places are counted from there.
struct MarkedText: Sendable {
    /// The text, with some of what was read before it.
    private(set) var bytes: [UInt8] = []
    /// Where the text begins in `bytes`: what is read is not removed at once, which would move the rest each time.
    private(set) var front = 0
    /// How many bytes were read.
    private(set) var position = 0
    /// How many bytes were looked at for marks.
    private(set) var examined = 0

    var count: Int { bytes.count - front }
    var isEmpty: Bool { count == 0 }
    var rest: ArraySlice<UInt8> { bytes[front...] }

    mutating func append(_ new: [UInt8]) {
        if front >= bytes.count - front {
            bytes.removeFirst(front)
            front = 0
        }
        bytes += new
    }

    mutating func drop(_ count: Int) {
        front += count
        position += count
    }

    /// Takes note that bytes were looked at.
    mutating func note(examined count: Int) { examined += count }

    /// The first of some marks and its place, and where undecided text begins: what may become a mark. Nothing is looked
    /// for before `start` and behind `limit`.
    mutating func first(
        of marks: [Mark], from start: Int = 0, limit: Int = .max
    ) -> (mark: (text: Mark, start: Int, end: Int)?, decided: Int) {
        let leads = marks.compactMap(\.bytes.first)
        let end = front + min(count, limit)
        var at = front + start
        defer { examined += at - front - start + 1 }
        while at < end {
            guard leads.contains(bytes[at]) else {
                at += 1
                continue
            }
            let rest = bytes[at..<end]
            for mark in marks where mark.bytes.first == bytes[at] {
                if rest.starts(with: mark.bytes) {
                    return ((mark, at - front, at - front + mark.bytes.count), at - front)
                }
                if mark.bytes.starts(with: rest) { return (nil, at - front) }
            }
            at += 1
        }
        return (nil, end - front)
    }
}

/// When a text that grows is looked at again: often while it is short, and so seldom when it is long that all looks
/// together take time in proportion to its length.
struct Pacing: Sendable {
    private static let shortest = 8
    private static let growth = 16
    private static let creditOfByte = 32

    private var next = 0
    private var credit = 0

    /// Whether to look at `count` bytes, of which `new` have just come; `mayEnd` says that they may be all.
    mutating func isDue(_ count: Int, new: Int, mayEnd: Bool) -> Bool {
        credit += new * Self.creditOfByte
        if mayEnd, credit >= count {
            credit -= count
        } else if count < next {
            return false
        }
        next = count + max(Self.shortest, count / Self.growth)
        return true
    }
}
