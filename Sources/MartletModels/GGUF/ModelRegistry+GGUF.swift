// Which family a GGUF file is of.

import MartletFormats

extension ModelRegistry {
    /// The family that a file names.
    static func family(_ file: GGUFFile) throws(ModelError) -> (DecoderFamily, GGUFNaming) {
        let name = file["general.architecture"]?.text
        let hasWindow = name.map { (file["\($0).attention.sliding_window"]?.int ?? 0) > 0 } ?? false
        let named = families.compactMap { family in
            family.gguf.map { (family, $0) }
        }
        let hasExperts = name.map { (file["\($0).expert_count"]?.int ?? 0) > 0 } ?? false
        let all = named.filter { $0.1.architecture == name }
        let alike = all.filter { $0.1.hasExperts == hasExperts }
        let found = alike.isEmpty ? all : alike
        // Without a window a family that never has one; with one, a family that may.
        if let pair = found.first(where: { ($0.1.windows != .never) == hasWindow }) ?? found.first {
            return pair
        }
        throw .unknownArchitecture(
            file: file.file.path, got: name.map { "'\(excerpt($0))'" } ?? "not named",
            available: Set(named.map(\.1.architecture)).sorted())
    }
}
