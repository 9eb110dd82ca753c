// A parameter as a tensor of a file.

package import MartletFormats
import MartletKernels

extension TensorToWrite {
    /// The values of a parameter, as floats; they are read while they are written.
    package init(_ parameter: Parameter) {
        let values = UnsafeBufferPointer(parameter.values)
        self.init(name: parameter.name, dtype: .f32, shape: parameter.shape) { sink in
            try sink(UnsafeRawBufferPointer(values))
        }
    }
}
