/// The GGUF files among names: which quantisation each is, and which parts belong together.

/// One model in GGUF files: a single one, or all parts of a split one.
package struct GGUFModel: Hashable, Sendable {
    /// The names of its files, the first part first.
    package let paths: [String]
    /// What its name says of its weights, such as `Q4_K_M`; nil when it says nothing.
    package let quantisation: String?
    /// Parts that its name counts and that are not there.
    package let missingParts: Int

    /// The models among names of files, in the order of the names. Projectors of pictures, draft heads and
    /// importance matrices are no models.
    package static func all(in paths: [String]) -> [GGUFModel] {
        var parts: [String: [(number: Int, path: String)]] = [:]
        var counts: [String: Int] = [:]
        for path in paths where isModel(path) {
            let (stem, number, count) = split(path)
            // A stem may stand alone and be split as well.
            let key = count == 1 ? stem : "\(stem)/of \(count)"
            parts[key, default: []].append((number, path))
            counts[key] = count
        }
        return parts.map { key, files in
            let files = files.sorted { $0.number < $1.number }
            return GGUFModel(
                paths: files.map(\.path), quantisation: label(of: split(files[0].path).stem),
                missingParts: max(0, (counts[key] ?? 1) - files.count))
        }.sorted { $0.paths[0].utf8.lexicographicallyPrecedes($1.paths[0].utf8) }
    }

    /// Whether `wanted` is the model's quantisation, or a part of its name between dots and dashes.
    package func isCalled(_ wanted: String) -> Bool {
        let wanted = wanted.lowercased()
        let (stem, _, _) = Self.split(paths[0])
        if quantisation?.lowercased() == wanted { return true }
        let folders = stem.lowercased().split(separator: "/").map(String.init)
        guard let name = folders.last else { return false }
        if folders.dropLast().contains(wanted) { return true }
        var rest = name[...]
        while let found = rest.firstRange(of: wanted) {
            let before =
                found.lowerBound == name.startIndex
                || isBoundary(name[name.index(before: found.lowerBound)])
            let after = found.upperBound == name.endIndex || isBoundary(name[found.upperBound])
            if before && after { return true }
            rest = rest[rest.index(after: found.lowerBound)...]
        }
        return false
    }

    private func isBoundary(_ character: Character) -> Bool { character == "-" || character == "." }

    /// What is taken where nobody says which: small and nearly as good as the whole, by llama.cpp's order.
    package static let usualQuantisations = ["Q4_K_M", "Q8_0"]

    private static let suffix = ".gguf"

    /// Whether a file holds a model, or a part of one.
    static func isModel(_ path: String) -> Bool {
        let name = path.lowercased().split(separator: "/").last.map(String.init) ?? ""
        guard name.hasSuffix(suffix) else { return false }
        return !["mmproj", "imatrix"].contains { name.contains($0) } && !name.hasPrefix("mtp-")
    }

    /// The name without the number of its part, that number, and how many parts there are.
    private static func split(_ path: String) -> (stem: String, number: Int, count: Int) {
        let stem = String(path.dropLast(suffix.count))
        let words = stem.split(separator: "-", omittingEmptySubsequences: false)
        guard words.count >= 4, words[words.count - 2] == "of",
            let count = number(words[words.count - 1]), let part = number(words[words.count - 3]),
            (1...count).contains(part), count > 1
        else { return (stem, 1, 1) }
        return (words.dropLast(3).joined(separator: "-"), part, count)
    }

    private static func number(_ digits: Substring) -> Int? {
        guard digits.utf8.count == 5, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(digits).flatMap { $0 > 0 ? $0 : nil }
    }

    /// The last part of a name that reads like a type of weights; Unsloth's `UD` belongs to it.
    private static func label(of stem: String) -> String? {
        let folders = stem.split(separator: "/").map(String.init)
        for text in folders.reversed() {
            let words = text.split { $0 == "-" || $0 == "." }.map(String.init)
            guard let index = words.lastIndex(where: isType) else { continue }
            let isDynamic = index > 0 && words[index - 1].uppercased() == "UD"
            return (isDynamic ? "UD-" : "") + words[index].uppercased()
        }
        return nil
    }

    private static func isType(_ word: String) -> Bool {
        let upper = word.uppercased()
        if ["F32", "F16", "BF16", "FP16", "FP32"].contains(upper) { return true }
        for start in ["Q", "IQ", "TQ", "MXFP"] where upper.hasPrefix(start) {
            guard let digit = upper.dropFirst(start.count).utf8.first else { continue }
            return (49...56).contains(digit)
        }
        return false
    }
}
