// Shared by every pass over meshes. Clip y points down, so that row 0 of a read-back is the top row.
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in float in_part;

uniform mat4 u_model;
uniform mat3 u_normal_matrix;
uniform mat4 u_view_projection;
uniform vec4 u_camera_z;  // camera z of a world point p: dot(u_camera_z, vec4(p, 1))

out vec3 v_normal;
out vec2 v_uv;
out float v_depth;
flat out float v_part;
#ifdef MACRO
uniform sampler2D u_albedo;
flat out float v_mean;
#endif

void main() {
    vec4 world = u_model * vec4(in_position, 1.0);
    v_normal = u_normal_matrix * in_normal;
    v_uv = in_uv;
    v_depth = dot(u_camera_z, world);
    v_part = in_part;
#ifdef MACRO
    v_mean = textureLod(u_albedo, vec2(0.5), 16.0).g;  // the smallest mipmap is the mean; once a pixel is dear
#endif
    gl_Position = u_view_projection * world;
}
