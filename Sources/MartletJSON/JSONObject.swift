/// The keys and values of a JSON object, in order, found by the bytes of the key.
///
/// Swift compares strings by canonical equivalence, and a vocabulary may hold "é" both ways; here
/// keys are bytes.

/// A JSON object: ordered members with distinct keys, and a lookup that takes constant time.
public struct JSONObject: Sendable {
    /// One key and its value.
    public struct Member: Sendable {
        /// The key.
        public let key: String
        /// The value.
        public let value: JSONValue

        /// A key and its value.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The members in the order of the text.
    public let members: [Member]
    /// An open-addressing table of positions in `members`, -1 where free; empty when there are few
    /// members.
    private let slots: [Int32]

    /// Objects up to this size are searched from the front, which costs less than hashing.
    private static let linearLimit = 8

    /// An object with these members, whose keys must differ (a programmer's mistake otherwise).
    public init(_ members: [Member] = []) {
        switch JSONObject.index(members) {
        case .table(let slots):
            self.members = members
            self.slots = slots
        case .duplicate(let key):
            preconditionFailure("JSONObject: got the key \(quoted(key)) twice, expected once")
        }
    }

    /// The object with these members, or the key that is there twice.
    static func checked(_ members: [Member]) -> Result<JSONObject, DuplicateKey> {
        switch index(members) {
        case .table(let slots): .success(JSONObject(members: members, slots: slots))
        case .duplicate(let key): .failure(DuplicateKey(key: key))
        }
    }

    struct DuplicateKey: Error {
        let key: String
    }

    private init(members: [Member], slots: [Int32]) {
        self.members = members
        self.slots = slots
    }

    /// The number of members.
    public var count: Int { members.count }

    /// The keys in the order of the text.
    public var keys: [String] { members.map(\.key) }

    /// The value of `key`, compared by bytes; nil when the object has no such key.
    public subscript(key: String) -> JSONValue? {
        position(of: key).map { members[$0].value }
    }

    /// The object with `key` set: in its place when it was there, else at the end.
    public func setting(_ key: String, to value: JSONValue) -> JSONObject {
        var changed = members
        if let position = position(of: key) {
            changed[position] = Member(key: key, value: value)
            return JSONObject(members: changed, slots: slots)
        }
        changed.append(Member(key: key, value: value))
        return JSONObject(changed)
    }

    private func position(of key: String) -> Int? {
        if slots.isEmpty {
            return members.firstIndex { JSONObject.sameBytes($0.key, key) }
        }
        let mask = slots.count - 1
        var slot = JSONObject.hash(key) & mask
        while slots[slot] >= 0 {
            let position = Int(slots[slot])
            if JSONObject.sameBytes(members[position].key, key) { return position }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private enum Index {
        case table([Int32])
        case duplicate(String)
    }

    private static func index(_ members: [Member]) -> Index {
        if members.count <= linearLimit {
            for (position, member) in members.enumerated() {
                for earlier in members[..<position] where sameBytes(earlier.key, member.key) {
                    return .duplicate(member.key)
                }
            }
            return .table([])
        }
        precondition(members.count < Int(Int32.max) / 2, "JSONObject: too many members")
        var capacity = 16
        while capacity < members.count * 2 { capacity *= 2 }
        let mask = capacity - 1
        var slots = [Int32](repeating: -1, count: capacity)
        for position in members.indices {
            let key = members[position].key
            var slot = hash(key) & mask
            while slots[slot] >= 0 {
                if sameBytes(members[Int(slots[slot])].key, key) { return .duplicate(key) }
                slot = (slot + 1) & mask
            }
            slots[slot] = Int32(position)
        }
        return .table(slots)
    }

    /// Seeded by the standard library for each process, so that a file cannot be made to collide.
    private static func hash(_ key: String) -> Int {
        var hasher = Hasher()
        let done: Void? = key.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if done == nil {
            Array(key.utf8).withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        return hasher.finalize()
    }

    static func sameBytes(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return left.utf8.elementsEqual(right.utf8)
    }
}

extension JSONObject: Equatable {
    /// Whether both have the same members in the same order, keys compared by bytes.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count
            && zip(left.members, right.members).allSatisfy {
                sameBytes($0.key, $1.key) && $0.value == $1.value
            }
    }
}
