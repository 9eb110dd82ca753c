/// What `Package.swift` declares: the targets, and the targets of the package that each depends on.

enum Manifest {
    /// The dependencies of each target by name, products of other packages left out.
    static func dependencies(in source: String) -> [String: Set<String>] {
        let tokens = SwiftScanner.tokens(of: source)
        let kinds: Set<String> = ["target", "testTarget", "executableTarget"]
        var targets: [String: Set<String>] = [:]
        for start in tokens.indices
        where kinds.contains(tokens[start].word ?? "") && start + 4 < tokens.count
            && tokens[start + 1].isMark("(") && tokens[start + 2].word == "name"
        {
            guard let name = tokens[start + 4].text else { continue }
            targets[name] = dependencies(in: tokens[(start + 1)...])
        }
        return targets
    }

    /// The texts of `dependencies: […]` inside the brackets that open at the start of `tokens`.
    private static func dependencies(in tokens: ArraySlice<SwiftToken>) -> Set<String> {
        var found: Set<String> = []
        var depth = 0
        var isInside = false
        for (index, token) in zip(tokens.indices, tokens) {
            if token.isMark("(") || token.isMark("[") { depth += 1 }
            if token.isMark(")") || token.isMark("]") { depth -= 1 }
            if depth == 0 { break }
            if depth == 1 {
                isInside = token.word == "dependencies" || isInside && token.isMark(":")
            }
            // Depth 2 is the list itself; `.product(name: …)` is deeper.
            if isInside, depth == 2, let name = tokens[index].text { found.insert(name) }
        }
        return found
    }
}
