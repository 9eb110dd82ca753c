/// The permission to run what a model writes.

import ArgumentParser
import Martlet
import MartletEvaluation

struct ProgramsArguments: ParsableArguments {
    @Flag(help: "Let a programs task run what the model writes, with python3, behind a wall.")
    var allowPrograms = false

    /// The task of a text. Says on standard error what the wall does not keep out.
    func task(_ text: String) throws(MartletError) -> any EvaluationTask {
        do {
            let task = try TaskLocator.task(text, allowsPrograms: allowPrograms)
            note(text)
            return task
        } catch { throw MartletError(error) }
    }

    /// Says on standard error what the wall around a task's programs does not keep out.
    func note(_ task: String) {
        guard allowPrograms, let caution = TaskLocator.programCaution(task) else { return }
        StandardStreams.note(caution + ".")
    }
}
