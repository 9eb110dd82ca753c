/// Texts to vectors.

import MartletCache
import MartletEngine
import MartletKernels
import MartletModels
import Synchronization

extension EmbeddingModel {
    /// Embeds texts: in any number, of any lengths, each at its own length.
    ///
    /// - Throws: `promptTooLong` where long texts are refused, `invalidParameter` for options that do not fit the model,
    ///   `missingTokenizer`, or `cancelled` when the task is.
    public func embed(
        _ texts: [String], options: EmbeddingOptions = EmbeddingOptions()
    ) async throws(MartletError) -> EmbeddingResult {
        try check(options)
        var all: [[Int32]] = []
        var truncated: [Int] = []
        all.reserveCapacity(texts.count)
        for (index, text) in texts.enumerated() {
            let text = options.prompt + text
            var tokens = try text.withEncodable(lowercased: recipe.lowercases, self.text.encode)
            if tokens.count > maximumTokens {
                guard options.longTexts == .truncate else {
                    throw MartletError(
                        code: .promptTooLong, subject: "text \(index)",
                        message: "text \(index): it has \(tokens.count) tokens, expected at most "
                            + "\(maximumTokens); shorten it, or let long texts be cut")
                }
                truncated.append(index)
                tokens = shortened(tokens)
            }
            all.append(tokens)
        }
        var skipped = 0
        if !recipe.poolsPrompt, !options.prompt.isEmpty {
            // Without what ends a text.
            skipped = try text.encode(utf8: Array(options.prompt.utf8)).count - suffix.count
        }
        let vectors = try await vectors(all, skipping: skipped, options)
        return EmbeddingResult(
            vectors: vectors, tokenCounts: all.map(\.count), truncated: truncated)
    }

    /// Embeds texts that are tokens already, with those that the model wants around them; none is cut.
    ///
    /// - Throws: as ``embed(_:options:)``, and `tokenOutOfRange`.
    public func embed(
        tokens texts: [[Int32]], options: EmbeddingOptions = EmbeddingOptions()
    ) async throws(MartletError) -> EmbeddingResult {
        try check(options)
        for (index, text) in texts.enumerated() where text.count > maximumTokens {
            throw MartletError(
                code: .promptTooLong, subject: "text \(index)",
                message: "text \(index): it has \(text.count) tokens, expected at most "
                    + "\(maximumTokens); shorten it")
        }
        return EmbeddingResult(
            vectors: try await vectors(texts, skipping: 0, options),
            tokenCounts: texts.map(\.count), truncated: [])
    }

    /// Tokens that end every text.
    private var suffix: [Int32] {
        if case .tokenizer(let tokenizer) = text { tokenizer.suffixTokens } else { [] }
    }

    /// As many of a text's first tokens as fit, and what ends a text.
    private func shortened(_ tokens: [Int32]) -> [Int32] {
        let end = suffix
        return Array(tokens.prefix(max(0, maximumTokens - end.count)) + end)
    }

    private func check(_ options: EmbeddingOptions) throws(MartletError) {
        switch form {
        case .decoder(let loaded): try loaded.check(adapter: options.adapter)
        case .encoder:
            if let adapter = options.adapter {
                throw MartletError(EngineError.unknownAdapter(got: adapter, available: []))
            }
        }
        guard let wanted = options.dimensions, !(1...dimensions).contains(wanted) else { return }
        throw MartletError(
            code: .invalidParameter, subject: "dimensions",
            message: "dimensions: got \(wanted), expected 1 to \(dimensions), the channels of this "
                + "model; correct or remove it")
    }

    /// Computes on a thread of its own; the task's end ends it within a batch.
    private func vectors(
        _ texts: [[Int32]], skipping skipped: Int, _ options: EmbeddingOptions
    ) async throws(MartletError) -> [[Float]] {
        for (index, text) in texts.enumerated() where text.isEmpty {
            throw MartletError(
                code: .emptyPrompt, subject: "text \(index)",
                message: "text \(index): it has no tokens, expected at least one; leave it out")
        }
        let stop = StopFlag()
        let result: Result<[[Float]], MartletError> = await withTaskCancellationHandler {
            do throws(MartletError) {
                return .success(
                    try await onOwnThread(named: "martlet-embed") { () throws(MartletError) in
                        try self.compute(texts, skipping: skipped, options, stop)
                    })
            } catch { return .failure(error) }
        } onCancel: {
            stop.set()
        }
        return try result.get()
    }

    private func compute(
        _ texts: [[Int32]], skipping skipped: Int, _ options: EmbeddingOptions, _ stop: StopFlag
    ) throws(MartletError) -> [[Float]] {
        var result = [[Float]](repeating: [], count: texts.count)
        func take(_ index: Int, _ vectors: UnsafeBufferPointer<Float>) {
            let first = min(skipped, vectors.count / form.width - 1) * form.width
            result[index] = finished(
                UnsafeBufferPointer(rebasing: vectors[first...]), options)
        }
        do {
            switch form {
            case .encoder(let model):
                try model.encode(texts, shouldStop: { stop.isSet }, read: take)
            case .decoder(let loaded):
                try DecoderStates(loaded, texts: texts, adapter: options.adapter).run(
                    onlyLast: recipe.poolings.allSatisfy { $0 == .last },
                    shouldStop: { stop.isSet }, read: take)
            }
        } catch { throw MartletError(any: error) }
        guard !stop.isSet else {
            throw MartletError(code: .cancelled, message: "embedding: cancelled")
        }
        return result
    }

    /// From the vectors of tokens to the vector of the text.
    private func finished(
        _ tokens: UnsafeBufferPointer<Float>, _ options: EmbeddingOptions
    ) -> [Float] {
        var vector = recipe.poolings.flatMap { $0.pooled(tokens, width: form.width) }
        for step in steps {
            switch step {
            case .project(let projection): vector = projection(vector)
            case .normalize: if options.normalizes != false { vector.normalize() }
            }
        }
        if let wanted = options.dimensions, wanted < vector.count {
            vector.removeLast(vector.count - wanted)
            if options.normalizes ?? normalizes { vector.normalize() }
        }
        if options.normalizes == true { vector.normalize() }
        return vector
    }
}

/// Whether a computation is to end.
private final class StopFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}

extension [Float] {
    /// Scales it to a length of 1; a vector of zeros stays one.
    fileprivate mutating func normalize() {
        let length = reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length > 0 else { return }
        for index in indices { self[index] = Float(Double(self[index]) / length) }
    }
}

extension String {
    /// Encodes the text, in small letters where a model asks for them.
    fileprivate func withEncodable(
        lowercased: Bool, _ encode: ([UInt8]) throws(MartletError) -> [Int32]
    ) throws(MartletError) -> [Int32] {
        try encode(Array((lowercased ? self.lowercased() : self).utf8))
    }
}
