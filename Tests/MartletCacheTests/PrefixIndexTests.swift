// Keys of prompts, and who is found by them.

import MartletTestSupport
import Testing

@testable import MartletCache

@Suite struct PrefixIndexTests {
    /// The vectors of the reference implementation: the key is 00 01 … 0f, the input 00 01 … of each length.
    @Test(
        arguments: [
            (0, 0x726F_DB47_DD0E_0E31), (1, 0x74F8_39C5_93DC_67FD), (7, 0xAB02_00F5_8B01_D137),
            (8, 0x93F5_F579_9A93_2462), (15, 0xA129_CA61_49BE_45E5),
        ] as [(Int, UInt64)])
    func theHashIsSipHash(vector: (length: Int, hash: UInt64)) {
        let hash = KeyedHash(key: 0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)
        #expect(hash((0..<vector.length).map { UInt8($0) }) == vector.hash)
        guard vector.length == 8 else { return }
        #expect(hash([0x0706_0504_0302_0100] as [UInt64]) == vector.hash)
    }

    private let keys = PrefixKeys(KeyedHash(key: 1, 2))

    private func tokens(_ count: Int, _ seed: Int32 = 0) -> [Int32] {
        (0..<count).map { Int32($0) &* 7 &+ seed }
    }

    @Test func keysFollowTokensAndNamespaces() {
        let (one, two) = (
            keys.root(of: PrefixNamespace(["ab", "c"])),
            keys.root(of: PrefixNamespace(["a", "bc"]))
        )
        #expect(one != two)
        let text = tokens(50)
        #expect(keys.keys(of: text, under: one).count == 3)
        #expect(
            Set(keys.keys(of: text, under: one)).isDisjoint(with: keys.keys(of: text, under: two)))
        // A page is named by all before it: from the first token that differs on every key does.
        var other = text
        other[20] += 1
        let (a, b) = (keys.keys(of: text, under: one), keys.keys(of: other, under: one))
        #expect(a[0] == b[0] && a[1] != b[1] && a[2] != b[2])
        // Another key of the hash names everything otherwise.
        let others = PrefixKeys(KeyedHash(key: 1, 3))
        #expect(others.keys(of: text, under: one)[0] != a[0])
    }

    @Test func theLongestIsFoundAndTokensAreCompared() throws {
        let root = keys.root(of: PrefixNamespace([]))
        var index = PrefixIndex<Int>()
        let (short, long) = (tokens(40), tokens(70))
        index.insert(1, tokens: short, keys: keys.keys(of: short, under: root))
        index.insert(2, tokens: long, keys: keys.keys(of: long, under: root))
        try index.checkIntegrity()
        let wanted = tokens(55) + [9, 9, 9, 9, 9, 9, 9, 9, 9, 9]
        let found = index.matches(wanted, keys: keys.keys(of: wanted, under: root))
        #expect(found.map(\.holder) == [2, 1] && found.map(\.count) == [55, 40])
        #expect(index.sharedCount(1) == 32 && index.sharedCount(2) == 32)
        #expect(index.contained(in: long, keys: keys.keys(of: long, under: root)) == [1, 2])
        #expect(
            index.contained(in: tokens(64), keys: keys.keys(of: tokens(64), under: root)) == [1])
        // Somebody claims the keys of tokens that it does not have: the tokens say so.
        var forged = tokens(64, 1)
        forged[0] = 0
        index.insert(3, tokens: forged, keys: keys.keys(of: tokens(64), under: root))
        let again = index.matches(wanted, keys: keys.keys(of: wanted, under: root))
        #expect(!again.contains { $0.holder == 3 })
    }

    @Test func whatIsShortenedIsFoundByLess() throws {
        let root = keys.root(of: PrefixNamespace([]))
        var index = PrefixIndex<Int>()
        let text = tokens(70)
        let all = keys.keys(of: text, under: root)
        index.insert(1, tokens: text, keys: all)
        index.shorten(1, to: 35)
        try index.checkIntegrity()
        #expect(index.matches(text, keys: all).map(\.count) == [35])
        index.shorten(1, to: 12)
        #expect(index.matches(text, keys: all).isEmpty)
        try index.checkIntegrity()
        index.remove(1)
        #expect(index.entries.isEmpty)
        try index.checkIntegrity()
    }

    /// Random holders come, shrink and go: what is found is what comparing all tokens finds.
    @Test(arguments: 0..<6) func searchEqualsComparison(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let root = keys.root(of: PrefixNamespace(["n"]))
        var index = PrefixIndex<Int>()
        var held: [Int: [Int32]] = [:]
        func draw() -> [Int32] {
            // Few texts that branch off each other.
            var text = tokens(Int.random(in: 1...90, using: &random))
            if Bool.random(using: &random), text.count > 20 {
                text[Int.random(in: 0..<text.count, using: &random)] = -1
            }
            return text
        }
        for step in 0..<120 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let text = draw()
                held[step] = text
                index.insert(step, tokens: text, keys: keys.keys(of: text, under: root))
            case 2:
                guard let holder = held.keys.sorted().first, let text = held[holder] else { break }
                let count = Int.random(in: 0...text.count, using: &random)
                held[holder] = Array(text[..<count])
                index.shorten(holder, to: count)
            default:
                guard held.count > 8, let holder = held.keys.sorted().last else { break }
                held[holder] = nil
                index.remove(holder)
            }
            try index.checkIntegrity()
            let wanted = draw()
            let found = index.matches(wanted, keys: keys.keys(of: wanted, under: root))
            func common(_ text: [Int32]) -> Int { zip(text, wanted).prefix(while: ==).count }
            for match in found {
                #expect(match.count == common(try #require(held[match.holder])))
            }
            let best = held.values.map(common).max() ?? 0
            let bestPages = best / KVPage.tokens
            #expect((found.first?.count ?? 0) / KVPage.tokens == bestPages)
        }
    }
}
