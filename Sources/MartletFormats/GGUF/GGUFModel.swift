/// The tensors of a GGUF model, which may be split into several files.

/// Open GGUF files as one source of tensors, under the names of the files.
package final class GGUFModel: TensorSource {
    /// The first file, or the only one.
    package let path: String
    /// The mapped files.
    package let files: [MappedFile]
    /// The tensors in the order of their bytes.
    package let entries: [TensorEntry]
    package var storesOutputsFirst: Bool { true }
    /// The file that holds the metadata.
    package let first: GGUFFile
    private let positions: [String: Int]

    /// Opens a file, and those that belong to it when it is the first of several (`NAME-00001-of-00003.gguf`).
    ///
    /// - Throws: ``FormatError`` when a file is missing or malformed, or belongs to another model.
    package init(path: String) throws(FormatError) {
        let first = try GGUFFile(path: path)
        try Self.refuseCompanions(first)
        var files = [first]
        let count = first["split.count"]?.int ?? 1
        if count > 1 {
            let parts = try Self.parts(of: path, count: count)
            guard first["split.no"]?.int == 0 else {
                throw .malformedFile(
                    file: path, part: "key 'split.no'",
                    got: first["split.no"]?.summary ?? "missing",
                    expected: "0: give the first of the \(count) files")
            }
            for (index, part) in parts.enumerated().dropFirst() {
                let file = try GGUFFile(path: part)
                guard file["split.no"]?.int == index, file["split.count"]?.int == count else {
                    throw .malformedFile(
                        file: part, part: "key 'split.no'",
                        got: file["split.no"]?.summary ?? "missing",
                        expected: "\(index) of \(count), as the name says")
                }
                files.append(file)
            }
        }
        let entries = files.flatMap(\.entries)
        if let total = first["split.tensors.count"]?.int, count > 1, total != entries.count {
            throw .malformedFile(
                file: path, part: "number of tensors", got: "\(entries.count)",
                expected: "\(total) in the \(count) files")
        }
        var positions: [String: Int] = [:]
        positions.reserveCapacity(entries.count)
        for (position, entry) in entries.enumerated() {
            if let other = positions.updateValue(position, forKey: entry.name) {
                throw .duplicateTensor(
                    tensor: entry.name, files: [entries[other], entry].map(\.file.path))
            }
        }
        self.path = path
        self.first = first
        self.files = files.map(\.file)
        self.entries = entries
        self.positions = positions
    }

    /// Whether there is a tensor called `name`.
    package func contains(_ name: String) -> Bool { positions[name] != nil }

    /// The tensor called `name`.
    package func find(_ name: String) -> TensorEntry? { positions[name].map { entries[$0] } }

    /// The names of the files of a split model.
    private static func parts(of path: String, count: Int) throws(FormatError) -> [String] {
        let suffix = "-00001-of-\(fiveDigits(count)).gguf"
        guard count <= 99_999, path.hasSuffix(suffix) else {
            throw .malformedFile(
                file: path, part: "name", got: "no first of \(count) files",
                expected: "a name that ends in \(suffix), beside the others")
        }
        let stem = path.dropLast(suffix.count)
        return (1...count).map { "\(stem)-\(fiveDigits($0))-of-\(fiveDigits(count)).gguf" }
    }

    private static func fiveDigits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// Refuses files that are no model of their own.
    private static func refuseCompanions(_ file: GGUFFile) throws(FormatError) {
        let kind = file["general.type"]?.text ?? "model"
        guard kind != "model" else { return }
        let what =
            switch kind {
            case "mmproj": "the projector of a model that sees or hears"
            case "adapter": "an adapter"
            default: "GGUF of the type \(quoted(kind))"
            }
        throw .unsupportedFormat(
            path: file.file.path, got: what, advice: "give the file of the model itself")
    }
}
