/// Options that were given and would change nothing.

import ArgumentParser
import Martlet

/// Names of options that a mode of a verb has no use for. What would be ignored is refused: whoever gave it expects another
/// result.
///
/// An option that says what holds without it anyway is none of them.
struct UnusedOptions {
    private(set) var names: [String] = []

    /// Adds an option's name where it was given.
    mutating func add(_ name: String, _ wasGiven: Bool) { if wasGiven { names.append(name) } }

    mutating func add(_ loading: LoadingArguments) {
        add("--weights", loading.weights != nil)
        add("--adapter", loading.adapters.merged != nil)
        addChoice(loading)
    }

    /// Adapters that requests choose: without a request there is nothing to choose for.
    mutating func addChoice(_ loading: LoadingArguments) {
        add("--adapter NAME=", !loading.adapters.named.isEmpty)
        add("--use-adapter", loading.adapters.chosen != nil)
    }

    mutating func add(_ cache: CacheArguments) {
        add("--kv", cache.kv != CacheArguments.usualCodec)
        add("--cache", cache.cache != CacheArguments.usualPolicy)
    }

    mutating func add(_ memory: MemoryArguments) { add("--memory", memory.memory != nil) }

    mutating func add(_ scheduling: SchedulingArguments) {
        add("--order", scheduling.order != .arrival)
        add("--sequences", scheduling.sequences != nil)
        add("--no-reuse", scheduling.noReuse)
        add("--prompts", scheduling.prompts != nil)
    }

    /// Refuses what was given; `reason` is a sentence that says what takes it, or why nothing does.
    func refuse(_ reason: String) throws {
        guard !names.isEmpty else { return }
        throw ValidationError("\(names.joined(separator: ", ")) would change nothing: \(reason)")
    }
}
