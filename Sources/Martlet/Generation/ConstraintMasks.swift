/// The compiled constraints of one model: who compiles them, for how long, and how many are kept.

import MartletConstraints
import MartletTokenizers
import Synchronization

/// A constraint that is ready for generation.
package struct CompiledConstraint: Sendable {
    let mask: ConstraintMask
}

/// The constraints of one model, each compiled once for those who ask for it at the same time or soon after.
final class ConstraintMasks: Sendable {
    /// A compilation that is under way.
    private final class Compilation: Sendable {
        /// How many wait for it; below one it is given up.
        let waiters = Atomic<Int>(1)
        let task = Mutex<Task<Result<ConstraintMask, MartletError>, Never>?>(nil)
    }

    private struct Entry {
        let constraint: Constraint
        let mask: ConstraintMask
        /// Bytes of the constraint as it was asked for.
        let textBytes: Int

        /// About how many bytes it holds; more while it is used.
        var byteCount: Int { textBytes + mask.constraint.byteCount }
    }

    private struct State {
        var vocabulary: TokenVocabulary?
        /// The latest last.
        var known: [Entry] = []
        var running: [Constraint: Compilation] = [:]
    }

    private let text: TextCodec
    private let endTokens: Set<Int32>
    private let vocabularySize: Int
    private let timeLimit: Duration
    private let byteLimit: Int
    private let countLimit: Int
    private let gate = CompileGate(width: 2)
    private let state = Mutex(State())

    /// - Parameters:
    ///   - timeLimit: how long a compilation may take.
    ///   - byteLimit: about how many bytes the constraints that are kept may hold together.
    ///   - countLimit: how many are kept.
    init(
        _ text: TextCodec, endTokens: Set<Int32>, vocabularySize: Int, timeLimit: Duration,
        byteLimit: Int = 256 << 20, countLimit: Int = 1024
    ) {
        self.text = text
        self.endTokens = endTokens
        self.vocabularySize = vocabularySize
        self.timeLimit = timeLimit
        self.byteLimit = byteLimit
        self.countLimit = countLimit
    }

    /// How many constraints are kept, and about how many bytes they hold.
    var kept: (count: Int, bytes: Int) {
        let known = state.withLock { $0.known }
        return (known.count, known.reduce(0) { $0 + $1.byteCount })
    }

    /// The mask of a constraint, compiled on the caller's thread where it is not known. Throws `invalidParameter` for one
    /// that is wrong, not supported or takes too long, and `missingTokenizer`.
    func mask(_ constraint: Constraint) throws(MartletError) -> ConstraintMask {
        if let mask = known(constraint) { return mask }
        return try compile(constraint, CompileLimit(time: timeLimit))
    }

    /// The same, compiled on a thread of its own: two at a time, each once for all who wait for it. Where nobody waits any
    /// more it is given up.
    func compiled(_ constraint: Constraint) async throws(MartletError) -> ConstraintMask {
        if let mask = known(constraint) { return mask }
        let compilation = state.withLock { state in
            if let running = state.running[constraint], join(running) { return running }
            let begun = Compilation()
            state.running[constraint] = begun
            begun.task.withLock { $0 = Task { await self.run(begun, constraint) } }
            return begun
        }
        guard let task = compilation.task.withLock({ $0 }) else {
            return try mask(constraint)
        }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            let left = compilation.waiters.subtract(1, ordering: .relaxed).newValue
            // One that waits for its turn need not wait any longer.
            if left < 1 { compilation.task.withLock { $0 }?.cancel() }
        }
        if Task.isCancelled {
            throw Self.cancelled
        }
        return try result.get()
    }

    private static let cancelled = MartletError(
        code: .cancelled, message: "the request was ended before its constraint was compiled")

    /// Waits for a compilation too; false for one that is given up.
    private func join(_ compilation: Compilation) -> Bool {
        var waiters = compilation.waiters.load(ordering: .relaxed)
        while waiters > 0 {
            let (isDone, seen) = compilation.waiters.compareExchange(
                expected: waiters, desired: waiters + 1, ordering: .relaxed)
            if isDone { return true }
            waiters = seen
        }
        return false
    }

    private func run(
        _ compilation: Compilation, _ constraint: Constraint
    ) async -> Result<ConstraintMask, MartletError> {
        let result: Result<ConstraintMask, MartletError>
        if await gate.enter() {
            do throws(MartletError) {
                result = .success(
                    try await onOwnThread(named: "martlet-constraint") {
                        [self, timeLimit] () throws(MartletError) in
                        try compile(
                            constraint,
                            CompileLimit(time: timeLimit) {
                                compilation.waiters.load(ordering: .relaxed) < 1
                            })
                    })
            } catch { result = .failure(error) }
            gate.leave()
        } else {
            result = .failure(Self.cancelled)
        }
        state.withLock { state in
            if state.running[constraint] === compilation { state.running[constraint] = nil }
        }
        return result
    }

    // MARK: What is kept

    private func known(_ constraint: Constraint) -> ConstraintMask? {
        let mask = state.withLock { state -> ConstraintMask? in
            guard let index = state.known.firstIndex(where: { $0.constraint == constraint }) else {
                return nil
            }
            let entry = state.known.remove(at: index)
            state.known.append(entry)
            return entry.mask
        }
        // One that has come to its bounds allows nothing any more.
        return mask.flatMap { $0.constraint.hasFailed ? nil : $0 }
    }

    private func compile(
        _ constraint: Constraint, _ limit: CompileLimit
    ) throws(MartletError) -> ConstraintMask {
        let ready = state.withLock { $0.vocabulary }
        let vocabulary: TokenVocabulary
        if let ready { vocabulary = ready } else { vocabulary = try makeVocabulary() }
        let mask: ConstraintMask
        do {
            mask = ConstraintMask(
                constraint: try TokenConstraint(constraint, vocabulary: vocabulary, limit: limit),
                tokenizer: text.tokenizer)
        } catch { throw MartletError(error) }
        let entry = Entry(constraint: constraint, mask: mask, textBytes: constraint.textBytes)
        let others = state.withLock { state in
            state.vocabulary = vocabulary
            state.known.removeAll { $0.constraint == constraint }
            state.known.append(entry)
            return state.known
        }
        // A constraint grows while it is used, so all are counted anew; outside of the lock, as each has one of its own.
        var bytes = 0
        var first = others.count
        while first > 0, others.count - first < countLimit {
            bytes += others[first - 1].byteCount
            guard bytes <= byteLimit else { break }
            first -= 1
        }
        if first > 0 {
            let old = others[..<first].map(\.mask.constraint)
            state.withLock { state in
                state.known.removeAll { entry in old.contains { $0 === entry.mask.constraint } }
            }
        }
        return mask
    }

    private func makeVocabulary() throws(MartletError) -> TokenVocabulary {
        switch text {
        case .tokenizer(let tokenizer):
            var special: [Int32: String] = [:]
            var tokens: [[UInt8]?] = []
            for id in 0..<Int32(vocabularySize) {
                let bytes = tokenizer.token(for: id)
                let isSpecial = tokenizer.isSpecial(id) || endTokens.contains(id)
                tokens.append(isSpecial ? nil : bytes)
                if isSpecial, !endTokens.contains(id), let bytes {
                    special[id] = String(decoding: bytes, as: UTF8.self)
                }
            }
            return TokenVocabulary(tokens: tokens, endTokens: endTokens, special: special)
        case .bytes:
            let tokens: [[UInt8]?] = (0..<vocabularySize).map { $0 < 256 ? [UInt8($0)] : nil }
            return TokenVocabulary(tokens: tokens, endTokens: endTokens)
        case .none(let name): throw .missingTokenizer(name)
        }
    }
}

extension Constraint {
    /// Bytes of all its texts.
    fileprivate var textBytes: Int {
        switch self {
        case .jsonObject: 0
        case .jsonSchema(let text), .regex(let text), .grammar(let text), .lark(let text):
            text.utf8.count
        case .choice(let texts):
            texts.reduce(0) { $0 + $1.utf8.count + MemoryLayout<String>.stride }
        case .outline(let outline): outline.textBytes
        }
    }
}

extension Outline {
    fileprivate var textBytes: Int {
        let own = MemoryLayout<Outline>.stride
        switch self {
        case .text(let text), .special(let text), .until(let text): return own + text.utf8.count
        case .matching(let constraint): return own + constraint.textBytes
        case .choice(let parts), .sequence(let parts):
            return parts.reduce(own) { $0 + $1.textBytes }
        case .repetition(let part, least: _, most: _, separator: let separator):
            return own + part.textBytes + separator.utf8.count
        case .triggered(let triggers, isRequired: _):
            return triggers.reduce(own) { $0 + $1.text.utf8.count + $1.body.textBytes }
        }
    }
}

extension TextCodec {
    fileprivate var tokenizer: Tokenizer? {
        if case .tokenizer(let tokenizer) = self { tokenizer } else { nil }
    }
}
