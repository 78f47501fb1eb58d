"""Draw: a plot takes a frame and axes and returns axes; it computes nothing."""
