/// Every optimiser against float64 runs of PyTorch, transformers or a few lines of NumPy.

import MartletTraining
import Testing

@Suite struct OptimiserGoldenTests {
    @Test(arguments: OptimiserGoldens.names)
    func tenStepsAreThoseOfTheReference(_ name: String) throws {
        let goldens = try OptimiserGoldens.load()
        let golden = try #require(goldens.cases[name])
        let run = try OptimiserRun(try goldens.configuration(name), goldens)
        for step in 0..<golden.rates.count {
            run.take(step, goldens, rate: golden.rates[step])
            guard let expected = golden.after["\(step + 1)"] else { continue }
            for (tensor, got) in zip(run.names, run.values) {
                let wanted = try #require(expected[tensor])
                let error = relativeError(got, wanted)
                #expect(error < 1e-5, "\(tensor) after \(step + 1) steps is off by \(error)")
                // A mistake in the tenth step must be larger than the tolerance.
                #expect(relativeError(goldens.tensors[tensor]?.start ?? [], wanted) > 1e-3)
            }
        }
        #expect(golden.after.count == 2)
        #expect(run.optimiser.stepCount == 10)
    }

    @Test func everyCaseIsTested() throws {
        #expect(try OptimiserGoldens.load().cases.keys.sorted() == OptimiserGoldens.names.sorted())
    }

    /// The largest difference, relative to the value or to a tenth of the tensor's largest one.
    private func relativeError(_ got: [Float], _ wanted: [Float]) -> Float {
        let floor = (wanted.map(abs).max() ?? 0) / 10
        return zip(got, wanted).map { abs($0 - $1) / max(abs($1), floor) }.max() ?? .infinity
    }
}
