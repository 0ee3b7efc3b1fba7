"""The show: a whole upgrade with live players, its figures, and the bars they must meet."""
