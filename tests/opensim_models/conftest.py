import numpy as np
import pytest

from opensim_models.build import write_osim
from opensim_models.kinematics import compile_model
from opensim_models.osim_file import read_osim
from opensim_models.spine import nominal_spine
from opensim_models.subject import average_shape, model_spec


@pytest.fixture(scope="session")
def average_spec():
    return model_spec(average_shape(1.75, 75.0, nominal_spine(1.75, "male")))


@pytest.fixture(scope="session")
def model_path(average_spec, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.osim"
    write_osim(average_spec, path)
    return path


@pytest.fixture(scope="session")
def kinematics(model_path):
    return compile_model(read_osim(model_path))


@pytest.fixture
def random_pose(kinematics):
    def pose(rng: np.random.Generator) -> np.ndarray:
        x = 0.6 * rng.uniform(kinematics.lower, kinematics.upper)
        x[:6] = rng.normal(0, 0.5, 6)
        return x

    return pose
