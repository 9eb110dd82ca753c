// What a retrofit beside frozen weights trained, as a small file that the model's own checkpoint is used with.

import MartletFormats
import MartletKernels

extension Retrofit {
    /// Writes what was trained to the folder of the run: heads and low-rank parts in `adapter_model.safetensors`, and
    /// `martlet_adapter.json`, which says for which weights and what came of it.
    ///
    /// - Parameter report: what was measured.
    /// - Throws: ``TrainingError``, for a retrofit that changed the model's own weights among others.
    public func writeAdapter(_ report: RetrofitReport) throws(TrainingError) {
        guard plan.writesAdapter, let baseDigest else {
            throw .invalid(
                subject: "an adapter", got: "a retrofit that writes a model",
                expected: "one whose plan says that it writes an adapter")
        }
        let student = run.model
        var tensors: [TensorToWrite] = []
        for parameter in student.trained { tensors.append(.init(parameter)) }
        do {
            let card = AdapterCard.json(
                base: (
                    name: basePath.split(separator: "/").last.map(String.init) ?? basePath,
                    digest: baseDigest
                ),
                eviction: plan.evictionHead, ratio: (plan.target, report.ratio),
                rank: student.lowRank?.rank ?? 0, modules: student.lowRank?.modules ?? [],
                training: facts(report))
            try SafetensorsWriter.write(tensors, to: run.directory + "/" + AdapterFile.weightsName)
            // Last: a folder with a card is complete.
            try AtomicFile.write(
                card.serialized(indentation: 2), to: run.directory + "/" + AdapterCard.name)
        } catch let error as FormatError {
            throw .format(error)
        } catch {
            throw .resume(
                directory: run.directory, reason: "the adapter cannot be written: \(error)")
        }
    }

    private func facts(_ report: RetrofitReport) -> JSONObject {
        func number(_ value: Double) -> JSONValue { value.isFinite ? .number(value) : .null }
        var facts: [(String, JSONValue)] = [
            ("steps", .integer(plan.totalSteps)),
            ("tokensOfStep", .integer(plan.sequences * plan.length)),
            ("length", .integer(plan.length)), ("learningRate", .number(plan.learningRate)),
            ("lowRankLearningRate", plan.lowRank > 0 ? .number(plan.baseLearningRate) : .null),
            ("seed", .string("\(plan.seed)")),
            ("data", .array(plan.data.map { .string($0.words) })),
            ("denseLoss", number(report.denseLoss)), ("compressedLoss", number(report.loss)),
            ("decisionRatio", number(report.decisionRatio)),
            ("readShare", number(report.readShare)),
        ]
        if let beginning { facts.append(("beganWith", beginning.facts)) }
        return JSONObject(facts.map { .init(key: $0.0, value: $0.1) })
    }
}

extension RetrofitPlan {
    /// The heads as a model's `martlet_eviction` describes them.
    var evictionHead: JSONObject {
        let head: [(String, JSONValue)] = [
            ("method", .string(method.rawValue)),
            ("source", .string(source == .adapter ? "projection" : "channel")),
            ("window", .integer(decisions.window)), ("scale", .number(Double(decisions.scale))),
            ("offset", .number(Double(decisions.offset))),
            ("per", .string(decisions.isPerLayer ? "layer" : "head")),
        ]
        return JSONObject(head.map { .init(key: $0.0, value: $0.1) })
    }
}

extension Recipe.DataEntry {
    /// What it is, without where on a machine it lies.
    fileprivate var words: String {
        switch source {
        case .task(let task): "task: \(task)"
        case .text(let path): "text: \(path.split(separator: "/").last ?? "")"
        case .messages(let path): "messages: \(path.split(separator: "/").last ?? "")"
        case .answers(let path): "answers: \(path.split(separator: "/").last ?? "")"
        }
    }
}
