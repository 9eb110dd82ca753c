/// `martlet list`: what has been pulled.

import ArgumentParser
import Foundation
import Martlet
import MartletFormats
import MartletHub

struct ListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the models that were pulled, by this or any other tool of the hub.",
        discussion: """
            Example:
              martlet list
              martlet list --json
            """)

    @Flag(help: "Print one JSON object for each revision, then a summary.")
    var json = false

    func run() async throws {
        do throws(HubError) {
            let cache = HubCache(try HubSettings())
            let models = cache.models
            if json { printJSON(models, cache.root) } else { printText(models, cache.root) }
        } catch { throw MartletError(error) }
    }

    private func printJSON(_ models: [CachedModel], _ root: String) {
        for model in models {
            var line = JSONLine()
            line.set("repository", "\(model.repository)")
            line.set("revisions", .array(model.revisions.map { .string($0) }))
            line.set("commit", model.commit)
            line.set("bytes", model.bytes)
            line.set("files", model.fileCount)
            line.set("quantisations", .array(model.quantisations.map { .string($0) }))
            line.set("modified", model.modified.formatted(.iso8601))
            line.set("path", model.path)
            line.print()
        }
        var line = JSONLine()
        line.set("kind", "summary")
        line.set("models", models.count)
        line.set("cache", root)
        line.print()
    }

    private func printText(_ models: [CachedModel], _ root: String) {
        guard !models.isEmpty else {
            return StandardStreams.note(
                "nothing was pulled into \(root); see 'martlet pull --help'.")
        }
        let rows =
            [["model", "revision", "size", "pulled"]]
            + models.map { model in
                [
                    "\(model.repository)"
                        + (model.quantisations.isEmpty
                            ? "" : ":" + model.quantisations.joined(separator: ",")),
                    // A branch may be called anything.
                    model.revisions.isEmpty
                        ? String(model.commit.prefix(12))
                        : printable(model.revisions.joined(separator: ",")),
                    Columns.bytes(model.bytes),
                    String(model.modified.formatted(.iso8601).prefix(10)),
                ]
            }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            let line = cells.joined(separator: "  ")
            let end = line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.endIndex
            StandardStreams.write(line[..<end] + "\n")
        }
    }
}
