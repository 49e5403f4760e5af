// Copy the picture and mark, in the depth buffer, the pixels beside a jump in brightness: they want smoothing.
uniform sampler2D u_color;  // its alpha is luma

out vec4 out_color;

const float LEAST = 0.035;  // jump in luma worth smoothing; in bright places an eighth of the luma

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    ivec2 last = textureSize(u_color, 0) - 1;
    vec4 here = texelFetch(u_color, pixel, 0);
    float up = texelFetch(u_color, max(pixel - ivec2(0, 1), ivec2(0)), 0).a;
    float left = texelFetch(u_color, max(pixel - ivec2(1, 0), ivec2(0)), 0).a;
    float down = texelFetch(u_color, min(pixel + ivec2(0, 1), last), 0).a;
    float right = texelFetch(u_color, min(pixel + ivec2(1, 0), last), 0).a;
    float most = max(max(max(up, down), max(left, right)), here.a);
    float least = min(min(min(up, down), min(left, right)), here.a);
    bool edge = most - least > max(LEAST, 0.125 * most);
    gl_FragDepth = edge ? 0.5 : 1.0;
    out_color = here;
}
