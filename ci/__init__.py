"""What the workflows run beside the make targets: each of it can be run by hand."""
