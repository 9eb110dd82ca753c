/// What a model's weights are known by, so that what was trained for them is not used with others.

import MartletKernels

/// The digest of a model's weights, which reads all of their bytes: made when it is first asked for, and once.
package final class WeightsDigest {
    private let tensors: any TensorSource
    private var ofTensors: String?
    private var ofFiles: String?

    /// The digest of these tensors.
    package init(_ tensors: any TensorSource) { self.tensors = tensors }

    /// The weights' digest, made as `other` was, so that the two can be compared.
    func value(comparableTo other: String) throws(FormatError) -> String {
        if other.hasPrefix(Self.filesMark) {
            if let ofFiles { return ofFiles }
            let made = try Self.ofFiles(tensors)
            ofFiles = made
            return made
        }
        return try value()
    }

    /// The digest of the tensors, made once.
    package func value() throws(FormatError) -> String {
        if let ofTensors { return ofTensors }
        let made = try tensors.weightsDigest()
        ofTensors = made
        return made
    }

    fileprivate static let tensorsMark = "tensors-sha256:"
    /// Of cards of version 1.
    private static let filesMark = "sha256:"

    /// The SHA-256 of the files that hold the weights: of one file as `sha256sum` prints it, of several that of the lines
    /// that it prints of them, in the order of their names.
    private static func ofFiles(_ tensors: any TensorSource) throws(FormatError) -> String {
        var digests: [String: String] = [:]
        for file in tensors.files {
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            digests[name] = try FileDigest.sha256(file.path)
        }
        if digests.count == 1, let only = digests.values.first { return filesMark + only }
        let lines = digests.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }
        return filesMark + FileDigest.sha256(Array(lines.joined().utf8))
    }
}

extension TensorSource {
    /// A digest of the stored tensors, into however many files they are divided: the SHA-256 of a line for each, in the order
    /// of the names' bytes, which says the SHA-256 of its bytes, its type, its shape and its name.
    ///
    /// - Throws: ``FormatError`` for files that are neither safetensors nor GGUF, or that changed since they were opened.
    package func weightsDigest() throws(FormatError) -> String {
        var lines: [(name: String, line: String)] = []
        for file in files {
            // As they are stored, whatever is made of them when they are read.
            let entries =
                GGUFFile.isGGUF(file)
                ? try GGUFFile(file: file).entries : try SafetensorsFile(file: file).entries
            for entry in entries {
                let shape = entry.shape.map(String.init).joined(separator: "x")
                let digest = FileDigest.sha256(entry.bytes)
                file.releaseResident(entry.range)
                let line = "\(digest)  \(entry.typeName) \(shape) \(entry.name)\n"
                lines.append((entry.name, line))
            }
            try file.checkIntact()
        }
        lines.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return WeightsDigest.tensorsMark + FileDigest.sha256(Array(lines.map(\.line).joined().utf8))
    }
}
