/// Where code decides by the name of a policy or a family: a comparison, a case, a prefix.

struct NameComparison: Hashable {
    let name: String
    let path: String
    let line: Int
}

enum NameComparisons {
    /// The names that entries of type `entryType` give themselves, with the files that do so.
    ///
    /// A name is the first text of `EntryType("name", …)` and `EntryType(name: "name", …)`, of a
    /// constant of that type (`: EntryType = …`), and of a constant in `extension EntryType`.
    static func names(of entryType: String, in file: SourceFile) -> Set<String> {
        let tokens = file.tokens
        var names: Set<String> = []
        var depth = 0
        var extensionDepth: Int?
        for (index, token) in tokens.enumerated() {
            if token.isMark("{") { depth += 1 }
            if token.isMark("}") {
                depth -= 1
                if let open = extensionDepth, depth < open { extensionDepth = nil }
            }
            func follows(_ offset: Int) -> SwiftToken? {
                index + offset < tokens.count ? tokens[index + offset] : nil
            }
            if token.word == "extension", follows(1)?.word == entryType {
                extensionDepth = depth + 1
            }
            if token.word == entryType {
                if follows(1)?.isMark("(") == true {
                    if let name = follows(2)?.text { names.insert(name) }
                    if follows(3)?.isMark(":") == true, let name = follows(4)?.text {
                        names.insert(name)
                    }
                } else if follows(1)?.isOperation("=") == true,
                    index > 0, tokens[index - 1].isMark(":"),
                    let name = firstText(tokens, after: index)
                {
                    names.insert(name)
                }
            }
            if token.word == "let", extensionDepth == depth,
                follows(2)?.isOperation("=") == true, let name = firstText(tokens, after: index)
            {
                names.insert(name)
            }
        }
        return names
    }

    private static func firstText(_ tokens: [SwiftToken], after index: Int) -> String? {
        tokens[(index + 1)...].first { $0.text != nil || $0.word == "let" || $0.isMark("}") }?.text
    }

    /// The comparisons of a file with one of `names`.
    static func comparisons(with names: Set<String>, in file: SourceFile) -> [NameComparison] {
        let tokens = file.tokens
        let patterns = casePatterns(tokens)
        return tokens.indices.compactMap { index in
            guard let text = tokens[index].text else { return nil }
            let before = index > 0 ? tokens[index - 1] : nil
            let after = index + 1 < tokens.count ? tokens[index + 1] : nil
            let isPrefix =
                before?.isMark("(") == true && index > 1 && tokens[index - 2].word == "hasPrefix"
            let isCompared = [before, after].contains { token in
                ["==", "!=", "~="].contains { token?.isOperation($0) == true }
            }
            let name = isPrefix && text.hasSuffix("(") ? String(text.dropLast()) : text
            guard names.contains(name), isPrefix || isCompared || patterns.contains(index) else {
                return nil
            }
            return NameComparison(name: name, path: file.path, line: tokens[index].line)
        }
    }

    /// The places of all texts inside the patterns of `case`.
    private static func casePatterns(_ tokens: [SwiftToken]) -> Set<Int> {
        let ends: Set<String> = ["case", "var", "func", "static", "init", "default", "where"]
        var places: Set<Int> = []
        for start in tokens.indices where tokens[start].word == "case" {
            // `.case` is the name of a member.
            if start > 0, tokens[start - 1].isMark(".") { continue }
            var depth = 0
            for index in tokens.indices[(start + 1)...] {
                let token = tokens[index]
                if token.isMark("(") || token.isMark("[") { depth += 1 }
                if token.isMark(")") || token.isMark("]") { depth -= 1 }
                if depth < 0 || token.isMark("{") || token.isMark("}") || token.isOperation("=")
                    || (depth == 0 && token.isMark(":")) || ends.contains(token.word ?? "")
                {
                    break
                }
                if token.text != nil { places.insert(index) }
            }
        }
        return places
    }
}
