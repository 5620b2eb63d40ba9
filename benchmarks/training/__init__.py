"""Speed and memory of training and inference, beside the libraries that train spiking networks."""
