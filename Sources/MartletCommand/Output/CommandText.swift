/// The command line as a shell would need it to run again.

enum CommandText {
    /// What was typed. The program is called by its name: where it lies is nobody's business.
    static var typed: String {
        (["martlet"] + CommandLine.arguments.dropFirst()).map(quoted).joined(separator: " ")
    }

    /// A word, in quotation marks where a shell would take it apart.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_./=,:+@%".utf8.contains(byte)
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
