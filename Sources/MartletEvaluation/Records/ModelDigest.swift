/// Which bytes a model was; knows files, not what is in them.

import Foundation
public import Martlet
import MartletFormats

/// A model's name and the SHA-256 of each of its files, as `sha256sum` prints it.
public struct ModelDigest: Sendable, Hashable {
    /// The name that was given.
    public let name: String
    /// By file; empty for random weights, which their name tells apart.
    public let files: [String: String]

    /// Reads a model's configuration, tokenizer and weights. Throws `unknownModel`, or `unreadableFile`.
    public init(of name: String) throws(MartletError) {
        self.name = name
        var files: [String: String] = [:]
        switch try ModelSource(name) {
        case .random: break
        case .gguf(let path):
            let opened: GGUFModel
            do { opened = try GGUFModel(path: path) } catch { throw MartletError(error) }
            for file in opened.files.map(\.path) {
                files[URL(filePath: file).lastPathComponent] = try Self.digest(file)
            }
        case .directory(let folder):
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            // A sweep of the model is no part of it.
            for file in names
            where file.hasSuffix(".safetensors")
                || file.hasSuffix(".json")
                    && file != MeasuredSweep.fileName
            {
                files[file] = try Self.digest(folder + "/" + file)
            }
        }
        self.files = files
    }

    private static func digest(_ path: String) throws(MartletError) -> String {
        do { return try FileDigest.sha256(path) } catch { throw MartletError(error) }
    }

    /// `{"config.json": "…", …}` in the order of names.
    var json: JSONObject {
        JSONObject(
            files.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })
    }
}
