// Reference seconds of operations whose work depends on the text.
// This file knows sizes of the last forward; it refuses to know clocks.

import MartletTraining

extension ReferenceSystem {
    /// Seconds of the last forward, with its backward when training, with the coefficients of every other
    /// graph. Segments are counted as they were, not as memory is planned.
    static func seconds(_ run: GraphRun, isTraining: Bool) -> Double {
        var (seconds, floats) = (0.0, 0.0)
        for operation in run.graph.operations {
            let isAttention = operation is RelativeAttentionOperation
            var products = operation.multiplyAdds
            if let sized = operation as? any SizedOperation {
                let load = sized.workload(run)
                products = load.multiplyAdds
                floats += load.floats
            } else {
                floats += operation.outputs.reduce(0) {
                    let (rows, columns) = run.graph.shape($1)
                    return $0 + Double(rows * columns)
                }
            }
            // Attention computes its scores twice in training.
            let passes = isTraining ? (isAttention ? 3.5 : 3) : 1
            seconds += passes * products / (isAttention ? attentionRate : productRate)
        }
        return seconds + floats * floatSeconds / (isTraining ? 1 : 3)
    }
}
