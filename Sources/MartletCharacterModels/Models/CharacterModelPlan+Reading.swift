// Reads "hourglass(2@1 4@3 2@1, shorten=linear)" and lists of models.
// This file knows words and their errors; it refuses to know what they do.

public import MartletTraining

extension CharacterModelPlan {
    /// Reads a model: `vanilla(6, norm=post)`, `hourglass(2@1 4@3 2@1, shorten=…, upsample=…)`,
    /// `pooling(1-4-1, boundaries=fixed, every=4)`, or a hierarchy alone.
    ///
    /// - Throws: ``TrainingError/invalid(subject:got:expected:)`` in one sentence.
    public init(_ text: String) throws(TrainingError) {
        var options = try ModelWords(text)
        switch options.name {
        case "vanilla":
            let layers = try options.number(options.first ?? "6", "layers", 1...256)
            self.init(.vanilla(layers: layers, try options.choice("norm", Norm.allCases, .pre)))
        case "hourglass":
            let hierarchy = try HierarchyPlan(options.first ?? "1@1 4@3 1@1")
            self.init(
                .hourglass(
                    hierarchy, try options.choice("shorten", Shortening.allCases, .average),
                    try options.choice("upsample", Upsampling.allCases, .repeating)))
        case "pooling":
            let words = (options.first ?? "1-4-1").split(
                separator: "-", omittingEmptySubsequences: false)
            guard words.count == 3 else {
                throw .invalid(
                    subject: text, got: "layers '\(options.first ?? "")'",
                    expected: "the layers before, between and after, as in 1-4-1")
            }
            var layers: [Int] = []
            for word in words { layers.append(try options.number(String(word), "layers", 1...256)) }
            self.init(.pooling(layers: layers, try Self.boundaries(&options)))
        case nil:
            let hierarchy = try HierarchyPlan(text)
            self.init(
                hierarchy.levels == 0
                    ? .vanilla(layers: hierarchy.parts[0].layers, .pre)
                    : .hourglass(hierarchy, .average, .repeating))
        case .some(let name):
            throw .invalid(
                subject: "the model '\(text)'", got: "the name '\(name)'",
                expected: "vanilla, hourglass or pooling")
        }
        try options.finish()
    }

    private static func boundaries(_ options: inout ModelWords) throws(TrainingError) -> Boundaries
    {
        let name = options.take("boundaries") ?? "whitespace"
        switch name {
        case "fixed":
            return .fixed(try options.number(options.take("every") ?? "4", "every", 1...1024))
        case "whitespace": return .whitespace
        case "unigram":
            return .unigram(
                pieces: try options.number(options.take("pieces") ?? "2000", "pieces", 1...100_000))
        case "entropy": return .entropy
        case "gumbel":
            let word = options.take("prior") ?? "0.2"
            guard let prior = Double(word), prior > 0, prior < 1 else {
                throw .invalid(
                    subject: options.text, got: "prior=\(word)",
                    expected: "a number between 0 and 1")
            }
            return .gumbel(prior: prior)
        default:
            throw .invalid(
                subject: options.text, got: "boundaries=\(name)",
                expected: "fixed, whitespace, unigram, entropy or gumbel")
        }
    }

    /// Reads models separated by semicolons.
    public static func list(_ text: String) throws(TrainingError) -> [CharacterModelPlan] {
        var plans: [CharacterModelPlan] = []
        for word in text.split(separator: ";") {
            plans.append(try CharacterModelPlan(ModelWords.trimmed(String(word))))
        }
        guard !plans.isEmpty else {
            throw .invalid(
                subject: "the models", got: "'\(text)'",
                expected: "models separated by semicolons, as in '6@1; hourglass(1@1 4@3 1@1)'")
        }
        return plans
    }
}

/// The words of `name(first, key=value, …)`.
private struct ModelWords {
    let text: String
    /// nil when there are no parentheses.
    let name: String?
    let first: String?
    private var values: [String: String] = [:]

    init(_ text: String) throws(TrainingError) {
        self.text = text
        guard let open = text.firstIndex(of: "(") else {
            // A name alone means all of its defaults.
            let isName = text.first?.isLetter == true
            name = isName ? text : nil
            first = nil
            return
        }
        guard text.hasSuffix(")") else {
            throw .invalid(
                subject: "the model '\(text)'", got: "no ')' at the end", expected: "one")
        }
        name = Self.trimmed(String(text[..<open]))
        let inner = text[text.index(after: open)...].dropLast()
        var first: String?
        for (index, part) in inner.split(separator: ",").enumerated() {
            let sides = part.split(separator: "=", maxSplits: 1).map { Self.trimmed(String($0)) }
            if sides.count == 1, index == 0 {
                first = sides[0]
            } else if sides.count == 2, values[sides[0]] == nil {
                values[sides[0]] = sides[1]
            } else {
                throw .invalid(
                    subject: "the model '\(text)'", got: "'\(part)'",
                    expected: "KEY=VALUE, each key once")
            }
        }
        self.first = first
    }

    static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    mutating func take(_ key: String) -> String? { values.removeValue(forKey: key) }

    func number(_ word: String, _ key: String, _ range: ClosedRange<Int>) throws(TrainingError)
        -> Int
    {
        guard let number = Int(word), range.contains(number) else {
            throw .invalid(
                subject: "the model '\(text)'", got: "\(key) '\(word)'",
                expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func choice<Choice: RawRepresentable<String>>(
        _ key: String, _ all: [Choice], _ none: Choice
    ) throws(TrainingError) -> Choice {
        guard let word = take(key) else { return none }
        guard let choice = Choice(rawValue: word) else {
            throw .invalid(
                subject: "the model '\(text)'", got: "\(key)=\(word)",
                expected: all.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    func finish() throws(TrainingError) {
        guard let key = values.keys.min() else { return }
        throw .invalid(
            subject: "the model '\(text)'", got: "the option '\(key)'",
            expected: "only options that this model and its boundaries have")
    }
}
