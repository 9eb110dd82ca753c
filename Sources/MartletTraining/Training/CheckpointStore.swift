// Checkpoints of a run: complete model directories, or what is trained beside frozen weights, with the state that a resumed
// run needs.

import Foundation
import MartletFormats
import MartletKernels

/// The state of a run beside weights and optimiser state.
struct RunState {
    var step: Int
    var referenceSeconds: Double
    var optimiserSteps: Int
    var startSteps: [Int]
    /// Smoothed loss, and the least it has been.
    var smoothedLoss: Double?
    var bestLoss: Double?
    /// The recipe or other settings that a resumed run must agree with.
    var plan: JSONObject
}

/// Writes, finds and reads the checkpoints under a run's folder.
struct CheckpointStore {
    let directory: String
    let kept: Int
    /// The digest of the weights that no step changes, which a checkpoint then does not hold; nil where all are trained.
    var frozenBase: String?

    static let stateName = "training.json"
    static let optimiserName = "optimiser.safetensors"
    /// What is trained beside frozen weights.
    static let trainedName = "trained.safetensors"
    /// The low-rank parts in checkpoints that hold their frozen weights, as earlier versions wrote them.
    private static let lowRankName = "low_rank.safetensors"
    private static let prefix = "step-"

    private func path(step: Int) -> String {
        let digits = String(step)
        let padded = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
        return directory + "/" + Self.prefix + padded
    }

    /// Complete checkpoints, oldest first.
    var paths: [String] {
        AtomicDirectory.names(in: directory).filter { $0.hasPrefix(Self.prefix) }
            .map { directory + "/" + $0 }
    }

    /// Writes a checkpoint and removes those beyond the number that is kept.
    ///
    /// - Returns: its path.
    @discardableResult
    func write(
        _ state: RunState, model: TrainableModel, optimiser: Optimiser, tokenizer: ModelTokenizer
    ) throws(TrainingError) -> String {
        let path = path(step: state.step)
        if paths.contains(path) { return path }
        do {
            try AtomicDirectory.write(to: path) { folder in
                if frozenBase == nil {
                    try model.write(to: folder, tokenizer: tokenizer, weights: .f32)
                } else {
                    try SafetensorsWriter.write(
                        model.trained.map { TensorToWrite($0) },
                        to: folder + "/" + Self.trainedName)
                }
                var tensors: [TensorToWrite] = []
                for index in optimiser.parameters.indices {
                    for array in optimiser.stateArrays(of: index) {
                        tensors.append(
                            TensorToWrite(
                                name: "\(optimiser.parameters[index].name).\(array.name)",
                                shape: [array.values.count], floats: Array(array.values)))
                    }
                }
                try SafetensorsWriter.write(tensors, to: folder + "/" + Self.optimiserName)
                try AtomicFile.write(
                    state.json(base: frozenBase, digests: try Self.digests(folder))
                        .serialized(indentation: 2),
                    to: folder + "/" + Self.stateName)
            }
            for old in paths.dropLast(kept) { try AtomicDirectory.remove(old) }
        } catch let error as FormatError {
            throw .format(error)
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .resume(directory: path, reason: "\(error)")
        }
        return path
    }

    /// Restores the newest checkpoint into a model and an optimiser; nil when there is none.
    func restore(
        model: TrainableModel, optimiser: Optimiser, plan: JSONObject
    ) throws(TrainingError) -> RunState? {
        guard let path = paths.last else { return nil }
        let (state, base, digests) = try RunState.read(path + "/" + Self.stateName)
        guard path == self.path(step: state.step) else {
            throw .resume(
                directory: path,
                reason:
                    "it says that it is of step \(state.step), which its name does not; it was moved or "
                    + "changed, so remove it")
        }
        try state.agree(with: plan, directory: path)
        try Self.check(path, digests)
        guard base == nil || base == frozenBase else {
            throw .resume(
                directory: path,
                reason:
                    "it was trained beside weights with the digest \(excerpt(base ?? "")), and the model's is "
                    + "\(frozenBase ?? "none"); give the model that it was started with, or choose another folder"
            )
        }
        do throws(FormatError) {
            if base == nil {
                try Self.restoreModel(model, path)
            } else {
                try Self.restore(
                    model.trained.map { ($0.name, $0.shape, $0.values) },
                    path + "/" + Self.trainedName)
            }
            let arrays = optimiser.parameters.indices.flatMap { index in
                optimiser.stateArrays(of: index).map { array in
                    (
                        name: "\(optimiser.parameters[index].name).\(array.name)",
                        shape: [array.values.count], values: array.values
                    )
                }
            }
            try Self.restore(arrays, path + "/" + Self.optimiserName)
        } catch { throw .format(error) }
        guard state.startSteps.count == optimiser.parameters.count,
            state.startSteps.allSatisfy({ (0...state.optimiserSteps).contains($0) })
        else {
            throw .resume(directory: path, reason: "its optimiser has other tensors than the model")
        }
        optimiser.stepCount = state.optimiserSteps
        optimiser.startSteps = state.startSteps
        return state
    }

    /// Reads tensors of a file into where they belong.
    private static func restore(
        _ tensors: [(name: String, shape: [Int], values: UnsafeMutableBufferPointer<Float>)],
        _ path: String
    ) throws(FormatError) {
        let file = try SafetensorsFile(path: path)
        for tensor in tensors {
            guard let entry = file[tensor.name] else {
                throw FormatError.missingTensor(path: file.path, tensor: tensor.name)
            }
            try entry.check(shape: tensor.shape)
            try entry.copyFloats(into: tensor.values)
        }
    }

    /// Reads a checkpoint that is a model directory. Frozen weights in it are those that its run began with.
    private static func restoreModel(
        _ model: TrainableModel, _ path: String
    ) throws(FormatError) {
        let checkpoint = try Checkpoint(directory: path)
        for parameter in model.parameters.all {
            let entry = try checkpoint.tensors.requireTensor(
                parameter.name, shape: parameter.shape)
            if !parameter.isTrainable {
                let frozen = try entry.floats()
                guard frozen.elementsEqual(parameter.values) else {
                    throw .malformedTensor(
                        file: entry.file.path, tensor: entry.name, field: "content",
                        got: "other numbers than the model's",
                        expected: "those of the model that the run was started with")
                }
                continue
            }
            try entry.copyFloats(into: parameter.values)
        }
        if let parts = model.lowRank {
            try restore(
                parts.all.map { ($0.name, $0.shape, $0.values) }, path + "/" + lowRankName)
        }
    }

    /// The SHA-256 of every file of a checkpoint but the one that lists them.
    private static func digests(_ folder: String) throws(FormatError) -> [String: String] {
        var digests: [String: String] = [:]
        for name in AtomicDirectory.names(in: folder) where name != stateName {
            digests[name] = try FileDigest.sha256(folder + "/" + name)
        }
        return digests
    }

    /// Throws when a checkpoint's files are not those that were written.
    private static func check(
        _ path: String, _ digests: [String: String]
    ) throws(TrainingError) {
        let found: [String: String]
        do throws(FormatError) { found = try Self.digests(path) } catch { throw .format(error) }
        for name in Set(digests.keys).union(found.keys).sorted()
        where digests[name] != found[name] {
            let what =
                found[name] == nil
                ? "is missing"
                : digests[name] == nil ? "does not belong to it" : "is not as it was written"
            throw .resume(
                directory: path,
                reason: "\(name) \(what); remove this folder to go on from the checkpoint before")
        }
    }
}

extension RunState {
    static let version = 2
    private static let digestKey = "digest"

    private static let baseKey = "base"

    /// What is stored: this state, the digest of frozen weights, that of every other file, and the digest of all that.
    func json(base: String?, digests: [String: String]) -> JSONValue {
        func number(_ value: Double?) -> JSONValue {
            // Bits, not digits: a resumed run must have exactly the same numbers.
            value.map { .string(String($0.bitPattern, radix: 16)) } ?? .null
        }
        var members: [(String, JSONValue)] = [
            ("version", .integer(Self.version)), ("step", .integer(step)),
            ("referenceSeconds", number(referenceSeconds)),
            ("optimiserSteps", .integer(optimiserSteps)),
            ("startSteps", .array(startSteps.map { .integer($0) })),
            ("smoothedLoss", number(smoothedLoss)), ("bestLoss", number(bestLoss)),
            ("plan", .object(plan)),
            (
                "files",
                .object(
                    JSONObject(
                        digests.sorted { $0.key < $1.key }.map {
                            .init(key: $0.key, value: .string($0.value))
                        }))
            ),
        ]
        if let base { members.append((Self.baseKey, .string(base))) }
        let object = JSONObject(members.map { .init(key: $0.0, value: $0.1) })
        return .object(
            object.setting(
                Self.digestKey,
                to: .string(FileDigest.sha256(JSONValue.object(object).serialized()))))
    }

    /// Reads what ``json(base:digests:)`` made, and believes none of it that its digest does not cover.
    static func read(
        _ path: String
    ) throws(TrainingError) -> (state: RunState, base: String?, digests: [String: String]) {
        do throws(FormatError) {
            let file = try ConfigurationFile(path: path)
            func number(_ key: String) throws(FormatError) -> Double? {
                guard let text = try file.optionalString(key) else { return nil }
                guard let bits = UInt64(text, radix: 16) else {
                    throw file.wrongValue(key, expected: "the bits of a number, in hexadecimal")
                }
                return Double(bitPattern: bits)
            }
            guard try file.int("version") == version else {
                throw file.wrongValue(
                    "version", expected: "\(version), which this version of Martlet writes")
            }
            let rest = JSONObject(file.root.members.filter { $0.key != digestKey })
            guard
                try file.string(digestKey)
                    == FileDigest.sha256(JSONValue.object(rest).serialized())
            else {
                throw file.wrongValue(
                    digestKey, expected: "that of the rest of the file, which was changed")
            }
            let files = try file.object("files")
            var digests: [String: String] = [:]
            for key in files.root.keys { digests[key] = try files.string(key) }
            let state = RunState(
                step: try file.int("step", in: 0...Int.max),
                referenceSeconds: try number("referenceSeconds") ?? 0,
                optimiserSteps: try file.int("optimiserSteps", in: 0...Int.max),
                startSteps: try file.ints("startSteps"), smoothedLoss: try number("smoothedLoss"),
                bestLoss: try number("bestLoss"), plan: try file.object("plan").root)
            return (state, try file.optionalString(baseKey), digests)
        } catch { throw .format(error) }
    }

    /// Throws, naming the first difference, when a run's settings are not those of its checkpoint. Learning rates and
    /// limits of gradients may be lower than they were: that is what an error of numbers that are not finite advises.
    func agree(with other: JSONObject, directory: String) throws(TrainingError) {
        let other = Self.keepingWhatMayFall(plan, other)
        for key in Set(plan.keys + other.keys).sorted()
        where !["checkpoints", "log", "weights"].contains(key) {
            let (mine, theirs) = (plan[key] ?? .null, other[key] ?? .null)
            guard mine.serialized() == theirs.serialized() else {
                throw .resume(
                    directory: directory,
                    reason:
                        "its '\(excerpt(key))' is not that of this run; give the recipe and options that it was "
                        + "started with, or choose another folder (a learning rate or clip may be lower)"
                )
            }
        }
    }

    /// Keys of a plan whose values may fall on resume, each with the object that holds it.
    private static let mayFall: [(holder: String?, key: String)] = [
        (nil, "learningRate"), (nil, "baseLearningRate"), ("optimiser", "learningRate"),
        ("training", "clip"),
    ]

    /// `new` with the values of `old` where it may have lower ones and has.
    private static func keepingWhatMayFall(_ old: JSONObject, _ new: JSONObject) -> JSONObject {
        var result = new
        for (holder, key) in mayFall {
            let before = holder.map { old[$0]?.objectValue ?? JSONObject() } ?? old
            let after = holder.map { result[$0]?.objectValue ?? JSONObject() } ?? result
            guard let was = before[key]?.doubleValue, let value = after[key]?.doubleValue,
                value > 0, value <= was || (key == "clip" && was == 0)
            else { continue }
            let same = after.setting(key, to: before[key] ?? .number(was))
            result = holder.map { result.setting($0, to: .object(same)) } ?? same
        }
        return result
    }
}
