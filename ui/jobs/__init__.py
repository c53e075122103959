"""What runs beside the pages: trainings, sweeps, measured costs."""
