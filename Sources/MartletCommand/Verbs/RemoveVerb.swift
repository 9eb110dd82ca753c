/// `martlet remove`: a pulled model, and nothing that another revision uses.

import ArgumentParser
import Martlet
import MartletFormats
import MartletHub

struct RemoveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Removes a pulled model: all of it, one revision, or one quantisation.",
        discussion: """
            Content that another revision uses stays.

            Example:
              martlet remove Qwen/Qwen3-0.6B
              martlet remove bartowski/Qwen_Qwen3-0.6B-GGUF:Q4_K_M
              martlet remove HuggingFaceTB/SmolLM2-135M@main --json
            """)

    @Argument(
        help: "owner/name, owner/name@revision, owner/name:QUANTISATION or owner/name/file.gguf.")
    var model: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        do throws(HubError) {
            let reference = try HubReference(model)
            let removal = try HubCache(try HubSettings()).remove(reference)
            if json {
                var line = JSONLine()
                line.set("repository", "\(reference.repository)")
                line.set("commits", .array(removal.commits.map { .string($0) }))
                line.set("files", removal.fileCount)
                line.set("freedBytes", removal.freedBytes)
                line.set("keptBytes", removal.keptBytes)
                line.print()
            } else {
                StandardStreams.note(
                    "removed "
                        + (removal.fileCount == 0
                            ? "an unfinished download" : Columns.files(removal.fileCount))
                        + "; \(Columns.bytes(removal.freedBytes)) were freed"
                        + (removal.keptBytes > 0
                            ? ", \(Columns.bytes(removal.keptBytes)) stay, which others use." : ".")
                )
            }
        } catch { throw MartletError(error) }
    }
}
