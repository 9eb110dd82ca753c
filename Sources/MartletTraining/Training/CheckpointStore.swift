// Checkpoints of a run: complete model directories, with the state that a resumed run needs.

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

    static let stateName = "training.json"
    static let optimiserName = "optimiser.safetensors"
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
                try model.write(to: folder, tokenizer: tokenizer, weights: .f32)
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
                    state.json.serialized(indentation: 2), to: folder + "/" + Self.stateName)
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
        let state = try RunState(path: path + "/" + Self.stateName)
        try state.agree(with: plan, directory: path)
        do throws(FormatError) {
            let checkpoint = try Checkpoint(directory: path)
            for parameter in model.parameters.all {
                let entry = try checkpoint.tensors.requireTensor(
                    parameter.name, shape: parameter.shape)
                try entry.copyFloats(into: parameter.values)
            }
            let file = try SafetensorsFile(path: path + "/" + Self.optimiserName)
            for index in optimiser.parameters.indices {
                for array in optimiser.stateArrays(of: index) {
                    let name = "\(optimiser.parameters[index].name).\(array.name)"
                    guard let entry = file[name] else {
                        throw FormatError.missingTensor(path: file.path, tensor: name)
                    }
                    try entry.check(shape: [array.values.count])
                    try entry.copyFloats(into: array.values)
                }
            }
        } catch { throw .format(error) }
        guard state.startSteps.count == optimiser.parameters.count else {
            throw .resume(directory: path, reason: "its optimiser has other tensors than the model")
        }
        optimiser.stepCount = state.optimiserSteps
        optimiser.startSteps = state.startSteps
        return state
    }
}

extension RunState {
    var json: JSONValue {
        func number(_ value: Double?) -> JSONValue {
            // Bits, not digits: a resumed run must have exactly the same numbers.
            value.map { .string(String($0.bitPattern, radix: 16)) } ?? .null
        }
        let members: [(String, JSONValue)] = [
            ("version", .integer(1)), ("step", .integer(step)),
            ("referenceSeconds", number(referenceSeconds)),
            ("optimiserSteps", .integer(optimiserSteps)),
            ("startSteps", .array(startSteps.map { .integer($0) })),
            ("smoothedLoss", number(smoothedLoss)), ("bestLoss", number(bestLoss)),
            ("plan", .object(plan)),
        ]
        return .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) }))
    }

    init(path: String) throws(TrainingError) {
        do throws(FormatError) {
            let file = try ConfigurationFile(path: path)
            func number(_ key: String) throws(FormatError) -> Double? {
                guard let text = try file.optionalString(key) else { return nil }
                guard let bits = UInt64(text, radix: 16) else {
                    throw file.wrongValue(key, expected: "the bits of a number, in hexadecimal")
                }
                return Double(bitPattern: bits)
            }
            guard try file.int("version") == 1 else {
                throw file.wrongValue(
                    "version", expected: "1, which this version of Martlet writes")
            }
            self.init(
                step: try file.int("step", in: 0...Int.max),
                referenceSeconds: try number("referenceSeconds") ?? 0,
                optimiserSteps: try file.int("optimiserSteps", in: 0...Int.max),
                startSteps: try file.ints("startSteps"), smoothedLoss: try number("smoothedLoss"),
                bestLoss: try number("bestLoss"), plan: try file.object("plan").root)
        } catch { throw .format(error) }
    }

    /// Throws, naming the first difference, when a run's settings are not those of its checkpoint.
    func agree(with other: JSONObject, directory: String) throws(TrainingError) {
        for key in Set(plan.keys + other.keys).sorted()
        where !["checkpoints", "log", "weights"].contains(key) {
            let (mine, theirs) = (plan[key] ?? .null, other[key] ?? .null)
            guard mine.serialized() == theirs.serialized() else {
                throw .resume(
                    directory: directory,
                    reason:
                        "its '\(key)' is not that of this run; give the recipe and options that it was "
                        + "started with, or choose another folder")
            }
        }
    }
}
