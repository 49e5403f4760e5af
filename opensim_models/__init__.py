"""The musculoskeletal side: anatomy, model building, scaling, inverse kinematics, checks."""
