/// Where a page with the cache's history is written, and which policies it compares.

import ArgumentParser
import Foundation
import Martlet
import MartletFormats
import MartletPictures

struct TraceArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write a page (HTML) that shows which positions each head holds over time.",
            valueName: "file"))
    var traceCache: String?

    @Option(
        help: ArgumentHelp(
            "Policies shown beside it, separated by semicolons.", valueName: "policies"))
    var beside: String?

    func validate() throws {
        if beside != nil, traceCache == nil {
            throw ValidationError("Give --trace-cache with --beside.")
        }
    }

    /// Computes the tokens again, step by step, and writes the page. Does nothing when none is wanted.
    func write(
        _ loaded: LoadedModel, prompt: [Int32], following: [Int32], budgetBytes: Int?,
        adapter: String? = nil
    ) async throws {
        guard let path = traceCache else { return }
        let others = (beside ?? "").split(separator: ";").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let command = CommandText.typed
        let map = try await onOwnThread(named: "martlet-trace") { () throws(MartletError) in
            try CacheMap(
                loaded, beside: others, prompt: prompt, following: following,
                budgetBytes: budgetBytes, adapter: adapter, command: command)
        }
        do { try AtomicFile.write(Array(map.html.utf8), to: path) } catch {
            throw MartletError(any: error)
        }
        StandardStreams.note("wrote \(path).")
    }
}
