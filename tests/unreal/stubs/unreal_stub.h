// What the plugin uses of Unreal Engine 5.6, declared just far enough for a syntax and type check without an engine.
#pragma once

#define TEXT(x) u##x
#define UCLASS(...)
#define UFUNCTION(...)
#define GENERATED_BODY() using Super = AActor;
#define SPINEFORGECAPTURE_API
#define IMPLEMENT_MODULE(Type, Name)
#define IMPLEMENT_PRIMARY_GAME_MODULE(Type, Name, Words)

using TCHAR = char16_t;
using int32 = int;

template <typename T> struct TArray
{
	int32 Num() const;
	T* begin();
	T* end();
	const T* begin() const;
	const T* end() const;
};

struct FString
{
	FString();
	FString(const TCHAR*);
	const TCHAR* operator*() const;
	FString& operator+=(const FString&);
	bool operator==(const FString&) const;
	bool operator==(const TCHAR*) const;
	bool IsEmpty() const;
	bool StartsWith(const FString&) const;
	int32 Len() const;
	FString Left(int32) const;
	FString RightChop(int32) const;
	FString ReplaceCharWithEscapedChar() const;
	template <typename... Args> static FString Printf(const TCHAR*, Args...);
};
FString operator+(const FString&, const FString&);
FString operator+(const TCHAR*, const FString&);
FString operator+(const FString&, const TCHAR*);
FString operator/(const FString&, const TCHAR*);

struct FName
{
	explicit FName(const TCHAR*);
	FString ToString() const;
};
struct FVector { double X, Y, Z; static const FVector ZeroVector; };
struct FRotator
{
	FRotator(double InPitch, double InYaw, double InRoll);
	double Pitch, Yaw, Roll;
	static const FRotator ZeroRotator;
};
struct FTransform { static const FTransform Identity; };

template <typename T> struct TSharedRef { TSharedRef(const TSharedRef&); };
template <typename T> struct TSharedPtr
{
	TSharedPtr();
	TSharedPtr(decltype(nullptr));
	bool IsValid() const;
	T* operator->() const;
};
template <typename K, typename V> struct TPair { K Key; V Value; };
template <typename K, typename V> struct TMap
{
	V* Find(const K&);
	const V* Find(const K&) const;
	V& Add(const K&, const V&);
	void Empty();
	TPair<K, V>* begin();
	TPair<K, V>* end();
	const TPair<K, V>* begin() const;
	const TPair<K, V>* end() const;
};

struct FMath
{
	static double Clamp(double, double, double);
	static double RoundHalfToEven(double);
};
struct FCString
{
	static double Atod(const TCHAR*);
	static int32 Atoi(const TCHAR*);
};
struct FMD5 { static FString HashAnsiString(const TCHAR*); };
struct FPaths { static FString ProjectContentDir(); };
struct FFileHelper { static bool LoadFileToString(FString&, const TCHAR*); };

struct FJsonObject;
struct FJsonValue
{
	TSharedPtr<FJsonObject> AsObject() const;
	FString AsString() const;
};
struct FJsonObject
{
	TMap<FString, TSharedPtr<FJsonValue>> Values;
	const TArray<TSharedPtr<FJsonValue>>& GetArrayField(const TCHAR*) const;
	FString GetStringField(const TCHAR*) const;
	double GetNumberField(const TCHAR*) const;
	int32 GetIntegerField(const TCHAR*) const;
	bool TryGetNumberField(const TCHAR*, double&) const;
};
template <typename C = TCHAR> struct TJsonReader {};
template <typename C = TCHAR> struct TJsonReaderFactory { static TSharedRef<TJsonReader<C>> Create(const FString&); };
struct FJsonSerializer { static bool Deserialize(const TSharedRef<TJsonReader<>>&, TSharedPtr<FJsonObject>&); };

struct UObject
{
	FString GetName() const;
	bool Rename(const TCHAR* = nullptr, UObject* = nullptr);
};
struct UClass : UObject {};
template <typename T> T* LoadObject(UObject*, const TCHAR*);
template <typename T> T* NewObject(UObject*);

struct USceneComponent : UObject
{
	void RegisterComponent();
	void SetupAttachment(USceneComponent*);
	void SetRelativeRotation(FRotator);
};
struct USkeletalMesh : UObject {};
struct UAnimationAsset : UObject {};
struct UAnimSequence : UAnimationAsset {};
enum class EVisibilityBasedAnimTickOption { AlwaysTickPoseAndRefreshBones };
struct USkeletalMeshComponent : USceneComponent
{
	EVisibilityBasedAnimTickOption VisibilityBasedAnimTickOption;
	void SetSkeletalMesh(USkeletalMesh*, bool = true);
	void PlayAnimation(UAnimationAsset*, bool);
	void SetPlayRate(float);
	void SetPosition(float, bool = true);
	void TickAnimation(float, bool);
	void RefreshBoneTransforms();
	void GetBoneNames(TArray<FName>&);
	FVector GetSocketLocation(FName) const;
	FRotator GetSocketRotation(FName) const;
};
struct ULightComponent : USceneComponent
{
	void SetIntensity(float);
	void SetUseTemperature(bool);
	void SetTemperature(float);
};
struct UDirectionalLightComponent : ULightComponent {};
struct USkyLightComponent : USceneComponent
{
	void SetIntensity(float);
	void RecaptureSky();
};

struct UMaterialInterface : UObject {};
struct UStaticMeshComponent : USceneComponent
{
	int32 GetNumMaterials() const;
	void SetMaterial(int32, UMaterialInterface*);
};

struct UWorld;
struct FTickFunction { bool bCanEverTick; };
struct AActor : UObject
{
	FTickFunction PrimaryActorTick;
	virtual void Tick(float);
	static UClass* StaticClass();
	UWorld* GetWorld() const;
	bool Destroy();
	bool SetRootComponent(USceneComponent*);
	FVector GetActorLocation() const;
	FRotator GetActorRotation() const;
	bool SetActorRotation(FRotator);
};
struct ADirectionalLight : AActor { UDirectionalLightComponent* GetComponent() const; };
struct ASkyLight : AActor { USkyLightComponent* GetLightComponent() const; };
struct AStaticMeshActor : AActor { UStaticMeshComponent* GetStaticMeshComponent() const; };
struct UGameplayStatics { static bool SetGamePaused(const UObject*, bool); };
struct IStreamingManager
{
	static IStreamingManager& Get();
	int32 StreamAllResources(float);
};
void FlushRenderingCommands();
enum class ESpawnActorCollisionHandlingMethod { AlwaysSpawn };
struct FActorSpawnParameters
{
	FName Name = FName(TEXT(""));
	ESpawnActorCollisionHandlingMethod SpawnCollisionHandlingOverride;
};
struct UWorld : UObject
{
	bool IsGameWorld() const;
	void FlushLevelStreaming();
	template <typename T> T* SpawnActor(UClass*, const FTransform&, const FActorSpawnParameters&);
};
template <typename T> struct TActorIterator
{
	explicit TActorIterator(UWorld*);
	explicit operator bool() const;
	void operator++();
	T* operator->() const;
};
struct ULevelStreamingDynamic : UObject
{
	static ULevelStreamingDynamic* LoadLevelInstance(
		UObject*, FString, FVector, FRotator, bool&);
	void SetIsRequestingUnloadAndRemoval(bool);
};

struct FActorsInitializedParams { UWorld* World; bool ResetTime; };
struct FDelegateHandle {};
struct FWorldInitializedActorsEvent
{
	FDelegateHandle AddStatic(void (*)(const FActorsInitializedParams&));
	bool Remove(FDelegateHandle);
};
struct FWorldDelegates { static FWorldInitializedActorsEvent OnWorldInitializedActors; };
class IModuleInterface
{
public:
	virtual ~IModuleInterface();
	virtual void StartupModule();
	virtual void ShutdownModule();
};
