/// The name of a folder that a verb writes to.

import ArgumentParser

enum OutputFolder {
    /// Refuses an empty name before anything is computed: files would be written to the root of the file system.
    static func check(_ path: String, option: String = "--out") throws {
        guard !path.isEmpty else {
            throw ValidationError("\(option): got an empty name, expected the name of a folder.")
        }
    }
}
