// Tokens that are found in text before anything else is done to it.

/// A token that the tokenizer's author added beside the vocabulary.
struct AddedToken: Sendable, Equatable {
    var id: Int32
    var content: String
    /// Matches only where no word character touches it.
    var singleWord = false
    /// Takes the white space before it.
    var stripsLeft = false
    /// Takes the white space after it.
    var stripsRight = false
    /// Is looked for in normalised text.
    var normalized = false
    /// Is looked for in normalised text just as it is spelled.
    var isNormalForm = false
    /// Marks structure, and can be left out when decoding.
    var special = false
}

/// A byte trie over the contents of added tokens.
struct AddedTokenMatcher: Sendable {
    private struct Node {
        var byte: UInt8
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
        var token: Int32 = -1
    }

    /// A match: the bytes it covers, and its token as an index into the tokens given.
    struct Match {
        var start: Int
        var end: Int
        var id: Int32
    }

    private var nodes: [Node] = [Node(byte: 0)]
    private var leads = [Int32](repeating: -1, count: 256)
    private var tokens: [AddedToken] = []

    var isEmpty: Bool { tokens.isEmpty }

    /// Contents are given as bytes because normalisation may have changed them.
    init(_ entries: [(content: [UInt8], token: AddedToken)]) {
        for (content, token) in entries where !content.isEmpty {
            var node = leads[Int(content[0])]
            if node < 0 {
                node = append(content[0])
                leads[Int(content[0])] = node
            }
            for byte in content.dropFirst() {
                var child = nodes[Int(node)].firstChild
                while child >= 0, nodes[Int(child)].byte != byte {
                    child = nodes[Int(child)].nextSibling
                }
                if child < 0 {
                    child = append(byte)
                    nodes[Int(child)].nextSibling = nodes[Int(node)].firstChild
                    nodes[Int(node)].firstChild = child
                }
                node = child
            }
            // The same content twice: the first stays, as it does in an id lookup by content.
            if nodes[Int(node)].token < 0 {
                nodes[Int(node)].token = Int32(tokens.count)
                tokens.append(token)
            }
        }
    }

    private mutating func append(_ byte: UInt8) -> Int32 {
        nodes.append(Node(byte: byte))
        return Int32(nodes.count - 1)
    }

    /// The leftmost match at or after `start`, the longest there. White space that a match takes
    /// before itself never reaches back over `floor`. `skipping` tells which tokens do not count.
    func next(
        in text: ClassifiedText, from start: Int, floor: Int, ignoringSpecial: Bool
    ) -> Match? {
        leads.withUnsafeBufferPointer { leads in
            var position = start
            while position < text.count {
                let lead = leads[Int(text.base[position])]
                guard lead >= 0,
                    let found = longest(
                        in: text, at: position, lead: lead, ignoringSpecial: ignoringSpecial)
                else {
                    position &+= 1
                    continue
                }
                let token = tokens[found.token]
                if token.singleWord,
                    touchesWord(text, before: position) || touchesWord(text, after: found.end)
                {
                    position = found.end
                    continue
                }
                var match = Match(start: position, end: found.end, id: token.id)
                if token.stripsLeft {
                    while match.start > floor {
                        let before = text.start(before: match.start)
                        guard text.character(at: before).bits & CharacterClass.space != 0 else {
                            break
                        }
                        match.start = before
                    }
                    match.start = max(match.start, floor)
                }
                if token.stripsRight {
                    match.end = text.endOfRun(
                        CharacterClass.space, from: match.end, to: text.count)
                }
                return match
            }
            return nil
        }
    }

    private func longest(
        in text: ClassifiedText, at position: Int, lead: Int32, ignoringSpecial: Bool
    ) -> (token: Int, end: Int)? {
        nodes.withUnsafeBufferPointer { nodes in
            var found: (token: Int, end: Int)?
            var node = Int(lead)
            var end = position &+ 1
            while true {
                let token = Int(nodes[node].token)
                if token >= 0, !(ignoringSpecial && tokens[token].special) { found = (token, end) }
                guard end < text.count else { break }
                var child = nodes[node].firstChild
                while child >= 0, nodes[Int(child)].byte != text.base[end] {
                    child = nodes[Int(child)].nextSibling
                }
                guard child >= 0 else { break }
                node = Int(child)
                end &+= 1
            }
            return found
        }
    }

    private func touchesWord(_ text: ClassifiedText, before position: Int) -> Bool {
        position > 0 && text.isWordCharacter(at: text.start(before: position))
    }

    private func touchesWord(_ text: ClassifiedText, after position: Int) -> Bool {
        position < text.count && text.isWordCharacter(at: position)
    }
}

extension ClassifiedText {
    /// Where the character before `position` starts; `position > 0`.
    func start(before position: Int) -> Int {
        var start = position - 1
        while start > 0, base[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    /// `\w` of Unicode: alphabetic, marks, decimal numbers, connectors, and the two joiners.
    func isWordCharacter(at position: Int) -> Bool {
        character(at: position).bits & CharacterClass.identifier != 0
    }
}
