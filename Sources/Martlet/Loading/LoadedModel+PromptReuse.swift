/// What of a loaded model decides whether stored pages are its own.

import Foundation
import MartletEngine
import MartletFormats
import MartletKernels
import MartletModels

extension LoadedModel {
    /// The version of the arithmetic. Raise it whenever kernels compute other bits from the same weights and tokens, or a
    /// page holds them in other places: what older versions stored is then not found.
    private static let arithmeticVersion = 1

    /// Whatever makes keys and values of the same tokens other numbers: the weights, as far as names, sizes and times of
    /// their files tell, how they are packed, the instruction set, and the version of the arithmetic.
    var identity: String {
        let parts = [
            "arithmetic \(Self.arithmeticVersion)", name, weightName, instructionSet,
            "\(options.seed)", policyText,
        ]
        return (parts + Self.traces(at: source.path, options)).joined(separator: "\n")
    }

    /// Whatever makes answers or vectors of a model others, without loading it: its files, as far as their names, sizes and
    /// times tell, the options, the instruction set, and the version of the arithmetic.
    package static func identity(of name: String, options: ModelOptions) -> String {
        let path = (try? ModelSource(name))?.path
        let parts = [
            "arithmetic \(arithmeticVersion)", name, options.weights?.rawValue ?? "",
            (try? KernelSet.selected())?.instructionSet.rawValue ?? "", "\(options.seed)",
            options.cachePolicy, options.cacheCodec.rawValue,
        ]
        // Modules that make vectors have folders of their own.
        let folders = path.map { path in
            FileSystem.names(in: path).map { FileSystem.join(path, $0) }
                .filter { FileSystem.kind(of: $0) == .directory }
        }
        return
            (parts + traces(at: path, options)
            + (folders ?? []).flatMap { traces(of: "module", at: $0) }).joined(separator: "\n")
    }

    /// What tells whether a model's files and its adapters' are the ones that they were.
    private static func traces(at path: String?, _ options: ModelOptions) -> [String] {
        let adapters = options.adapters.sorted { $0.key < $1.key }
        return (path.map { traces(of: "weights", at: $0) } ?? [])
            + (options.adapter.map { traces(of: "merged", at: $0) } ?? [])
            // Requests choose an adapter by its name, so a name stands with what it names.
            + adapters.flatMap { traces(of: "adapter \($0.key.debugDescription)", at: $0.value) }
    }

    /// What tells whether the files at a path, or in a folder there, are the ones that they were. Links are followed: what
    /// they lead to is what is read.
    static func traces(of name: String, at root: String) -> [String] {
        let paths =
            FileSystem.kind(of: root) == .directory
            ? FileSystem.names(in: root).map { FileSystem.join(root, $0) } : [root]
        return paths.map { path in
            let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            var status = stat()
            guard FileSystem.isUsable(target), stat(target, &status) == 0 else {
                return "\(name)=\(path)"
            }
            return "\(name)=\(path) \(target) \(status.st_size) "
                + "\(FileSystem.secondsOfChange(status))"
        }
    }

    /// The engine's settings for the reuse of prompts. Throws when the folder cannot be used.
    func prefixReuse() throws(MartletError) -> PrefixReuse? {
        guard let wish = options.promptReuse else { return nil }
        var reuse = PrefixReuse(maximumBytes: wish.maximumBytes, halfLife: wish.halfLife)
        if let folder = wish.folder {
            do {
                reuse.storage = try PrefixFolder(folder, maximumBytes: wish.folderBytes)
            } catch { throw MartletError(any: error) }
        }
        return reuse
    }
}
