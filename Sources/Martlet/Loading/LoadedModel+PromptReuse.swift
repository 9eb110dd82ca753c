/// What of a loaded model decides whether stored pages are its own.

import Foundation
import MartletEngine
import MartletFormats
import MartletModels

extension LoadedModel {
    /// Whatever makes keys and values of the same tokens other numbers: the weights, as far as names, sizes and times of
    /// their files tell, how they are packed, and the instruction set.
    var identity: String {
        var parts = [name, weightName, instructionSet, "\(options.seed)", policyText]
        for root in [source.path, options.adapter].compactMap(\.self)
            + options.adapters.values.sorted()
        {
            let names =
                FileSystem.kind(of: root) == .directory
                ? FileSystem.names(in: root).map { FileSystem.join(root, $0) } : [root]
            for path in names {
                let attributes = try? FileManager.default.attributesOfItem(atPath: path)
                let size = attributes?[.size] as? Int ?? 0
                let time = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
                parts.append("\(path) \(size) \(time)")
            }
        }
        return parts.joined(separator: "\n")
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
