"""RTMPose in plain PyTorch: CSPNeXt backbone, RTMCC head, SimCC labels."""
