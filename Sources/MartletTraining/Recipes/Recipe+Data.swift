// The data of a recipe, which a retrofit may use without the rest of it.

import MartletFormats

extension Recipe {
    /// The data on which a trained model is trained further, and the weight of a prompt's tokens in the loss.
    ///
    /// The file is a recipe, or only `data` and `promptWeight`. Of a recipe, only entries that are used until its end
    /// count: the others were a curriculum.
    ///
    /// - Parameters:
    ///   - text: YAML.
    ///   - file: the file's name in errors.
    public static func finalData(
        _ text: String, file: String
    ) throws(TrainingError) -> (entries: [DataEntry], promptWeight: Double) {
        let read = try RecipeFile.read(text, file: file)
        let all: [DataEntry]
        let weight: Double
        if read.contains("training") {
            let recipe = try Recipe(read, steps: nil, seed: nil)
            (all, weight) = (recipe.data, recipe.promptWeight)
        } else {
            try read.allow(["data", "promptWeight"])
            all = try entries(read)
            do throws(FormatError) {
                weight = try read.double("promptWeight", default: 0, in: 0...1)
            } catch { throw .format(error) }
        }
        return (all.filter { $0.until == 1 }.map { DataEntry($0.source, share: $0.share) }, weight)
    }

    static func entries(_ read: ConfigurationFile) throws(TrainingError) -> [DataEntry] {
        var entries: [DataEntry] = []
        for object in try read.objects("data") { entries.append(try entry(object)) }
        guard !entries.isEmpty else {
            throw .recipe(
                file: read.path, key: "data", got: "nothing",
                expected: "a task, a text, messages or answers")
        }
        return entries
    }

    private static func entry(_ entry: ConfigurationFile) throws(TrainingError) -> DataEntry {
        try entry.allow(["task", "text", "messages", "answers", "share", "from", "until"])
        do throws(FormatError) {
            let sources: [DataEntry.Source] = [
                try entry.optionalString("task").map { .task($0) },
                try entry.optionalString("text").map { .text($0) },
                try entry.optionalString("messages").map { .messages($0) },
                try entry.optionalString("answers").map { .answers($0) },
            ].compactMap(\.self)
            guard sources.count == 1, let source = sources.first else {
                throw FormatError.missingKey(
                    file: entry.path, key: "task",
                    expected: "one of task, text, messages and answers")
            }
            let from = try entry.double("from", default: 0, in: 0...1)
            return DataEntry(
                source, share: try entry.double("share", default: 1, in: 1e-6...1e6),
                from: from, until: try entry.double("until", default: 1, in: from...1))
        } catch { throw .format(error) }
    }
}
